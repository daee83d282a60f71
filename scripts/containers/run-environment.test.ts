import { expect, test } from 'vitest';
import { checkVariables, joinVariables } from './run-environment.ts';

const PREFIXES = ['/opt/software/linux-x86_64_v3/app-1.0-abc'];

test('accepts paths into the image', () => {
  const told = {
    PATH: `${PREFIXES[0]}/bin:/usr/bin:/bin`,
    APP_WORD: `${PREFIXES[0]}/share/word.txt`,
    OMP_NUM_THREADS: '1',
  };
  expect(checkVariables(told, PREFIXES)).toEqual({
    variables: { APP_WORD: told.APP_WORD, OMP_NUM_THREADS: '1', PATH: told.PATH },
    refused: [],
  });
});

test('refuses variables that make the loader run something else, and paths that lead elsewhere', () => {
  const { variables, refused } = checkVariables(
    {
      LD_PRELOAD: `${PREFIXES[0]}/lib/evil.so`,
      BASH_ENV: '/etc/x',
      PATH: '/opt/evil/bin:/usr/bin',
      UP: `${PREFIXES[0]}/../evil`,
      LINES: 'a\nUSER=root',
      MANPATH: 'here:/usr/share/man',
      SIMILAR: `${PREFIXES[0]}-evil/bin`,
    },
    PREFIXES,
  );
  expect(variables).toEqual({});
  expect(refused).toEqual(['BASH_ENV', 'LD_PRELOAD', 'LINES', 'MANPATH', 'PATH', 'SIMILAR', 'UP']);
});

test("joins lists of paths, the builds' first and the system's last", () => {
  const joined = joinVariables(
    [
      { PATH: '/a/bin:/usr/bin:/bin', MANPATH: '/a/man', A: '1' },
      { PATH: '/b/bin:/usr/bin:/bin', MANPATH: '/b/man', A: '2' },
    ],
    ['PATH=/usr/local/bin:/usr/bin:/bin', 'LANG=C.UTF-8'],
  );
  expect(joined).toEqual([
    'A=1',
    'LANG=C.UTF-8',
    'MANPATH=/a/man:/b/man',
    'PATH=/a/bin:/b/bin:/usr/bin:/bin:/usr/local/bin',
  ]);
});
