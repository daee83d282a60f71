import { readFileSync } from 'node:fs';
import { homeOf, placesOf, questionOf, Recording, RECORDING_FILE, writePlace } from './recording.ts';

/** Answers from the recording; fails with a message for a command that is not recorded. */
function play(args: readonly string[]): void {
  const question = questionOf(args);
  const recording = Recording.parse(JSON.parse(readFileSync(RECORDING_FILE, 'utf8')));
  const answer = recording.find((one) => one.question === question);
  if (!answer) {
    console.error(`the recorded Spack does not know "${question}"; record it again, or install a real Spack`);
    process.exitCode = 99;
    return;
  }
  for (const [place, path] of placesOf(args, process.env)) {
    writePlace(
      path,
      answer.files.filter((file) => file.place === place),
    );
  }
  for (const { stream, text } of answer.output) {
    process[stream].write(text.replaceAll('{home}', homeOf(process.env)));
  }
  process.exitCode = answer.code;
}

play(process.argv.slice(2));
