/** The completion script for zsh; a file `_zonecast` in a folder of `$fpath`. */
import type { CommandFacts } from '../manual/command-facts.js'
import { completionPlaces, optionNames, type Place, quoted, valuedOptions } from './completion-plan.js'

export function zshCompletion(commands: readonly CommandFacts[]): string {
  return `#compdef zonecast
# Completion of zonecast for zsh, made by "zonecast completion zsh".
_zonecast_names() { # names of one kind, as the hub has them
  local -a names
  names=("\${(@f)$("$words[1]" $hub complete-names "$1" -- "$PREFIX" 2>/dev/null)}")
  compadd -a names
}
_zonecast() {
  local command='' option='' word
  local -i i place=0
  local -a hub commands
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $option ]]; then
      case $option in (-c|--config|--url|--ca|--cert|--key) hub+=("$option" "$word") ;; esac
      option=''
      continue
    fi
    case $word in
      (${valuedOptions(commands).join('|')}) option=$word ;;
      (-*) ;;
      (*) if [[ -z $command ]]; then command=$word; else place+=1; fi ;;
    esac
  done
  if [[ -z $command && -z $option ]]; then
    commands=(
${commands.map(({ name, effect }) => `      ${quoted(`${name}:${effect.replaceAll(':', String.raw`\:`)}`)}`).join('\n')}
    )
    _describe command commands
    compadd -- --config --url --help --version
    return
  fi
  if [[ -z $option && $PREFIX == -* ]]; then
    case $command in
${commands.map((command) => `      (${command.name}) compadd -- ${optionNames(command).map(quoted).join(' ')} ;;`).join('\n')}
    esac
    return
  fi
  case $command:\${option:-$place} in
${completionPlaces(commands).map(placeLine).join('\n')}
    (*:-c|*:--config) _files ;;
  esac
}
_zonecast "$@"
`
}

function placeLine({ command, at, values }: Place): string {
  const does =
    values.from === 'hub'
      ? `_zonecast_names ${values.kind}`
      : values.from === 'files'
        ? '_files'
        : `compadd -- ${values.words.map(quoted).join(' ')}`
  return `    (${command}:${at}) ${does} ;;`
}
