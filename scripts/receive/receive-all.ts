import type { SolvedFailure } from '../../site/schemas/build-record.ts';
import type { DividedRequests, MatrixEntry } from '../../site/schemas/build-request.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { addFiles } from '../catalog/new-files.ts';
import { describeError } from '../cli/command.ts';
import { annotate, withGroup } from '../github/actions.ts';
import type { Destination } from '../publish/publish-cache.ts';
import { readDate, readOrigin } from '../publish/origin.ts';
import { receiveDivided, type DividedOutcome } from './divided.ts';
import { failureFiles } from './failures.ts';
import { receiveArtifact, type Received, type Sources } from './receive-artifact.ts';

/** What became of all artifacts of a run. */
export interface ReceivedRun {
  received: Received[];
  /** Of requests that several jobs build. Absent: there are none. */
  divided?: DividedOutcome;
  /** One sentence for each job that could not be published through no fault of its artifact. */
  faults: string[];
}

/** Takes over what each job of a matrix built, one after the other; none affects the others. Records what had no solution. */
export async function receiveAll(
  entries: readonly MatrixEntry[],
  sources: Sources,
  destination: Destination,
  unsolved: readonly SolvedFailure[] = [],
  divided?: DividedRequests,
): Promise<ReceivedRun> {
  const { environment } = destination;
  const { run } = readOrigin(environment);
  const date = readDate(environment, new Date());
  const result: ReceivedRun = { received: [], faults: [] };
  addFiles(
    destination.catalogDirectory,
    unsolved.flatMap(({ target, ...failure }, index) => {
      const job = `${environment['GITHUB_RUN_ID'] ?? Date.parse(date)}-unsolved-${index}`;
      const failed = Failure.parse({ ...failure, target, run, date });
      return failureFiles([failed], job, destination.catalogDirectory);
    }),
  );
  for (const entry of entries) {
    const job = `${environment['GITHUB_RUN_ID'] ?? Date.parse(date)}-${entry.index}`;
    const circumstances = { target: entry.target, run, job, date };
    try {
      const outcome = await withGroup(`Job ${entry.index} for ${entry.target}`, () =>
        receiveArtifact(entry, sources, destination, circumstances),
      );
      result.received.push(outcome);
      announce(outcome);
    } catch (error) {
      result.faults.push(`job ${entry.index}: ${describeError(error)}`);
    }
  }
  if (!divided) return result;
  const failed = new Map(
    result.received
      .filter(({ isLost }) => !isLost)
      .flatMap(({ failures }) =>
        failures.flatMap((failure) => (failure.hash ? [[failure.hash, failure] as const] : [])),
      ),
  );
  result.divided = receiveDivided(
    divided,
    failed,
    { ...sources, catalogDirectory: destination.catalogDirectory },
    { run, job: `${environment['GITHUB_RUN_ID'] ?? Date.parse(date)}-divided`, date },
  );
  return result;
}

function announce({ entry, refused, warnings, failures }: Received): void {
  if (refused !== undefined) annotate('warning', `job ${entry.index} is refused: ${refused}`);
  for (const warning of warnings) annotate('warning', warning);
  for (const { name, kind, spec } of failures) annotate('warning', `${name} failed (${kind}): ${spec}`);
}
