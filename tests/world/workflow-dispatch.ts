import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const WORKFLOWS = resolve(import.meta.dirname, '../../.github/workflows');
/** Source: `maxProperties` of `inputs`, "Create a workflow dispatch event" of GitHub's OpenAPI description. */
const MOST_INPUTS = 25;
/** Source: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#providing-inputs */
const MOST_CHARACTERS = 65_535;

const Input = z.object({
  type: z.string().default('string'),
  required: z.boolean().default(false),
  default: z.unknown().optional(),
  options: z.array(z.string()).optional(),
});
const Workflow = z.object({
  on: z.object({
    workflow_dispatch: z
      .object({ inputs: z.record(z.string(), Input).default({}) })
      .nullable()
      .optional(),
  }),
});

/** Request to start a workflow. */
export const Dispatch = z.object({
  ref: z.string(),
  // GitHub accepts only texts.
  inputs: z.record(z.string(), z.string()).default({}),
});

/**
 * Returns GitHub's error for a request to start one of this project's workflows; undefined if it is accepted.
 * Source of the message "Unexpected inputs provided":
 * https://github.com/convictional/trigger-workflow-and-wait/pull/4.
 */
export function refuseDispatch(
  file: string,
  inputs: Record<string, string>,
): { status: number; message: string } | undefined {
  const path = join(WORKFLOWS, file);
  if (!/^[\w-]+\.ya?ml$/.test(file) || !existsSync(path)) return { status: 404, message: 'Not Found' };
  const dispatch = Workflow.parse(parse(readFileSync(path, 'utf8'))).on.workflow_dispatch;
  const refuse = (message: string) => ({ status: 422, message });
  if (dispatch === undefined) return refuse("Workflow does not have 'workflow_dispatch' trigger");
  const known = dispatch?.inputs ?? {};
  if (Object.keys(inputs).length > MOST_INPUTS)
    return refuse(`Invalid request: more than ${MOST_INPUTS} inputs`);
  if (JSON.stringify(inputs).length > MOST_CHARACTERS) return refuse('inputs are too large.');
  const unexpected = Object.keys(inputs).filter((name) => !(name in known));
  if (unexpected.length > 0) return refuse(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  for (const [name, { type, required, options, ...input }] of Object.entries(known)) {
    const value = inputs[name];
    if (required && input.default === undefined && !value)
      return refuse(`Required input '${name}' not provided`);
    const allowed = type === 'boolean' ? ['true', 'false'] : options;
    if (value !== undefined && allowed && !allowed.includes(value))
      return refuse(`Provided value '${value}' for input '${name}' not in the list of allowed values`);
  }
  return undefined;
}
