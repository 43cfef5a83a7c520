/** The texts of the Debian package: control file, maintainer scripts, copyright and changelog. */

const MAINTAINER = 'The Zonecast authors <maintainers@zonecast.example>'

/** `description`: one sentence; `kilobytes`: of all installed files. */
export const controlFile = ({ version, description, kilobytes }) => `Package: zonecast
Version: ${version}
Section: net
Priority: optional
Architecture: all
Maintainer: ${MAINTAINER}
Installed-Size: ${kilobytes}
Depends: nodejs (>= 20.19)
Recommends: redis-server (>= 5:6.2) | valkey-server
Suggests: prometheus
Description: zone synchronization service for anycast DNS
${folded(description)}
 .
 It runs beside hidden primaries: it transfers each zone version once, checks
 it, and releases it to every node of every cloud, over DNS NOTIFY, AXFR, IXFR
 and XoT, with TSIG.
`

/** Lines of at most 79 characters, each with a blank before it. */
function folded(text) {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last.length + word.length + 1 <= 78) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(` ${word}`)
  }
  return lines.join('\n')
}

/** The service is not started: it needs a config first. */
export const SCRIPTS = {
  postinst: `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if command -v systemd-sysusers > /dev/null; then systemd-sysusers zonecast.conf; fi
  if command -v systemd-tmpfiles > /dev/null; then systemd-tmpfiles --create zonecast.conf || true; fi
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    # An upgrade: hubs that run take the new program.
    if [ -n "$2" ]; then systemctl try-restart zonecast.service 'zonecast@*.service'; fi
  fi
fi
`,
  prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl --no-reload disable --now zonecast.service > /dev/null 2>&1 || true
  systemctl stop 'zonecast@*.service' || true
fi
`,
  postrm: `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
# Zones, keys and the audit log in /var/lib/zonecast and /etc/zonecast stay, also after a purge.
`,
}

/** @param {{ name: string, license: string }[]} packages */
export const copyrightFile = (
  license,
  text,
  packages,
) => `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: zonecast

Files: *
Copyright: the Zonecast authors
License: ${license}
${text
  .trim()
  .split('\n')
  .map((line) => (line.trim() === '' ? ' .' : ` ${line}`))
  .join('\n')}

Files: usr/lib/zonecast/node_modules/*
Copyright: their authors
License: several
 Each package has its licence in its folder:
${packages.map(({ name, license: own }) => ` ${name}: ${own}`).join('\n')}
`

/** `at`: the time of the build. */
export const debianChangelog = (version, at) => `zonecast (${version}) unstable; urgency=medium

  * Release ${version}; changelog.gz has the changes.

 -- ${MAINTAINER}  ${at.toUTCString().replace('GMT', '+0000')}
`
