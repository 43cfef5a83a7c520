/**
 * The completion script for bash. Names from a hub go through `read` and never through `compgen -W`, which would expand `$(...)`
 * in them.
 */
import type { CommandFacts } from '../manual/command-facts.js'
import { completionPlaces, optionNames, type Place, quoted, valuedOptions } from './completion-plan.js'

export function bashCompletion(commands: readonly CommandFacts[]): string {
  return `# Completion of zonecast for bash, made by "zonecast completion bash".
_zonecast_words() { # words that begin with the current one
  local word
  for word in "$@"; do [[ $word == "$current"* ]] && COMPREPLY+=("$word"); done
}
_zonecast_names() { # names of one kind, as the hub has them
  local name
  while IFS= read -r name; do COMPREPLY+=("$name"); done < <("\${COMP_WORDS[0]}" "\${hub[@]}" complete-names "$1" -- "$current" 2>/dev/null)
}
_zonecast() {
  local current=\${COMP_WORDS[COMP_CWORD]} command='' option='' word i place=0
  local -a hub=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $option ]]; then
      case $option in -c | --config | --url | --ca | --cert | --key) hub+=("$option" "$word") ;; esac
      option=''
      continue
    fi
    case $word in
      ${valuedOptions(commands).map(quoted).join(' | ')}) option=$word ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=$word; else place=$((place + 1)); fi ;;
    esac
  done
  if [[ -z $command && -z $option ]]; then
    _zonecast_words ${[...commands.map(({ name }) => name), '--config', '--url', '--help', '--version'].map(quoted).join(' ')}
    return
  fi
  if [[ -z $option && $current == -* ]]; then
    case $command in
${commands.map((command) => `      ${command.name}) _zonecast_words ${optionNames(command).map(quoted).join(' ')} ;;`).join('\n')}
    esac
    return
  fi
  case $command:\${option:-$place} in
${completionPlaces(commands).map(placeLine).join('\n')}
    *:-c | *:--config) compopt -o default ;;
  esac
}
complete -F _zonecast zonecast
`
}

function placeLine({ command, at, values }: Place): string {
  const does =
    values.from === 'hub'
      ? `_zonecast_names ${values.kind}`
      : values.from === 'files'
        ? 'compopt -o default'
        : `_zonecast_words ${values.words.map(quoted).join(' ')}`
  return `    ${command}:${at}) ${does} ;;`
}
