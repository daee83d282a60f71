import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { homeOf, placesOf, questionOf, readPlace, type Answer } from './recording.ts';

/** Wraps a real Spack: `listen.ts SPACK FILE ARGS…` appends its actions to the file, one line per command. */
function listen([program = '', file = '', ...args]: string[]): void {
  const output: Answer['output'] = [];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      const told = text
        .replaceAll(homeOf(process.env), '{home}')
        .replaceAll(dirname(dirname(program)), '{spack}');
      output.push({ stream, text: told });
      process[stream].write(text);
    });
  }
  child.once('close', (code) => {
    const places = [...placesOf(args, process.env)];
    const files = places.flatMap(([place, path]) => readPlace(place, path));
    const answer: Answer = { question: questionOf(args), code: code ?? 1, output, files };
    appendFileSync(file, `${JSON.stringify(answer)}\n`);
    process.exitCode = code ?? 1;
  });
}

listen(process.argv.slice(2));
