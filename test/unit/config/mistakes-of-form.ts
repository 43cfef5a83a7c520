/** Configs with one malformed setting: its name, its type or its text. */
import type { FindingCode } from '../../../config/errors.js'
import { withLine } from './config-text.js'

export interface Case {
  id: string
  text: string
  code: FindingCode
  at: string
  says?: RegExp
}

export const MISTAKES_OF_FORM: Case[] = [
  {
    id: 'an unknown key',
    text: withLine(5, 'primarys:'),
    code: 'CONFIG_UNKNOWN_KEY',
    at: '5:1',
    says: /did you mean "primaries"/,
  },
  {
    id: 'an unknown key deeper down',
    text: withLine(6, '  hm1: { adress: 127.0.0.1 }'),
    code: 'CONFIG_UNKNOWN_KEY',
    at: '6:10',
    says: /"address"/,
  },
  {
    id: 'an unknown key without a similar one',
    text: withLine(1, 'frobnicate: 1'),
    code: 'CONFIG_UNKNOWN_KEY',
    at: '1:1',
    says: /write one of hub/,
  },
  {
    id: 'a missing key',
    text: withLine(6, '  hm1: { key: hm-key }'),
    code: 'CONFIG_MISSING',
    at: '6:3',
    says: /"address" is missing/,
  },
  { id: 'an empty section', text: withLine(1, 'redis:'), code: 'CONFIG_MISSING', at: '1:1', says: /"redis" is empty/ },
  {
    id: 'a broken address',
    text: withLine(6, '  hm1: { address: 300.1.1.1 }'),
    code: 'CONFIG_VALUE',
    at: '6:19',
    says: /"300.1.1.1".*ip:port/,
  },
  {
    id: 'a host name as address',
    text: withLine(6, '  hm1: { address: hm1.example }'),
    code: 'CONFIG_VALUE',
    at: '6:19',
    says: /not a host name/,
  },
  { id: 'port 0 of a peer', text: withLine(6, '  hm1: { address: 127.0.0.1:0 }'), code: 'CONFIG_VALUE', at: '6:19' },
  { id: 'a number for a name', text: withLine(14, '  - { name: 12 }'), code: 'CONFIG_VALUE', at: '14:13', says: /in quotes/ },
  { id: 'an empty label', text: withLine(14, '  - { name: a..b }'), code: 'CONFIG_VALUE', at: '14:13', says: /a label is empty/ },
  {
    id: 'a name that is too long',
    text: withLine(14, `  - { name: ${'abcdefghi.'.repeat(30)} }`),
    code: 'CONFIG_VALUE',
    at: '14:13',
    says: /255/,
  },
  {
    id: 'a duration without unit',
    text: withLine(1, 'defaults: { stuck: 10 }'),
    code: 'CONFIG_VALUE',
    at: '1:20',
    says: /250ms/,
  },
  {
    id: 'bounds in reverse order',
    text: withLine(1, 'defaults: { refresh: { min: 2h, max: 1h } }'),
    code: 'CONFIG_VALUE',
    at: '1:13',
  },
  {
    id: 'a list instead of a map',
    text: withLine(1, 'defaults: []'),
    code: 'CONFIG_VALUE',
    at: '1:11',
    says: /map of settings/,
  },
  { id: 'indentation that does not fit', text: withLine(10, 'nodes: []'), code: 'CONFIG_SYNTAX', at: '11:1' },
  { id: 'a duplicate key', text: withLine(1, 'hub: a', 'hub: b'), code: 'CONFIG_DUPLICATE', at: '2:1', says: /twice/ },
  { id: 'an unclosed bracket', text: withLine(9, '  A: { addresses: [192.0.2.53 }'), code: 'CONFIG_SYNTAX', at: '9:32' },
]
