/** Numbers as people type them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import {
  addHostName,
  parseAge,
  parseCount,
  parseDuration,
  parseEndpoint,
  parseRngSeed,
} from '../../daemon/cli/options/quantities.ts';

interface Table {
  readonly parse: (text: string) => unknown;
  readonly good: Readonly<Record<string, unknown>>;
  readonly bad: readonly string[];
}

const at = (host: string, port: number) => ({ host, port });

// biome-ignore format: a table
const TABLES: Readonly<Record<string, Table>> = {
  count: {
    parse: parseCount,
    good: { '1': 1, '100k': 100_000, '100K': 100_000, '1.5M': 1_500_000, '1e6': 1_000_000, '2G': 2e9, '0.1k': 100, '1.001k': 1001 },
    bad: ['', '0', '-1', '1.5', '0.0001k', '1e99', 'k', '1kk', '1 k', '0x10', 'Infinity', 'NaN', '1e-3', '+1', '9'.repeat(20)],
  },
  duration: {
    parse: parseDuration,
    good: { '60s': 60_000, '10m': 600_000, '2h': 7_200_000, '500ms': 500, '1d': 86_400_000, '60': 60_000, '1.5s': 1500 },
    bad: ['', '0', '0s', '-1s', 's', '1 s', '1M', '1e3', '30d', 'Infinity', '1h30m'],
  },
  age: {
    parse: parseAge,
    good: { '0s': 0, '12h': 43_200_000, '30d': 2_592_000_000, '365d': 31_536_000_000 },
    bad: ['', 'd', '-1d', '1w', '1 d', '9'.repeat(20)],
  },
  endpoint: {
    parse: parseEndpoint,
    good: { '9101': at('127.0.0.1', 9101), '0.0.0.0:0': at('0.0.0.0', 0), '[::]:9101': at('::', 9101), 'lab-3.example:1': at('lab-3.example', 1) },
    bad: ['', ':', ':1', '::1:9101', '[::1]', 'lab:65536', 'lab:x', 'http://lab:1', 'a b:1', '[lab]:1'],
  },
  hostName: {
    parse: (text) => addHostName(text),
    good: { 'lab-3.example': ['lab-3.example'], 'LAB:7077': ['LAB:7077'], '10.0.0.1': ['10.0.0.1'], '::1': ['::1'], '[::1]:80': ['[::1]:80'] },
    bad: ['', 'a b', 'lab:', 'lab:65536', 'http://lab', 'lab/', '*', '*.example', 'lab,other', '[lab]'],
  },
  rngSeed: {
    parse: parseRngSeed,
    good: { '0': 0, '7': 7, '4294967295': 4_294_967_295 },
    bad: ['', '-1', '1.5', '4294967296', '0x10', '1e3', ' 1', '9'.repeat(20)],
  },
};

for (const [name, { parse, good, bad }] of Object.entries(TABLES)) {
  test(`${name}: what it takes, and what it refuses with an example`, () => {
    for (const [text, value] of Object.entries(good)) assert.deepEqual(parse(text), value, text);
    for (const text of bad) {
      assert.throws(() => parse(text), InvalidArgumentError, `"${text}"`);
    }
  });
}
