import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import {
  convertWorkflowTemplate,
  isBasicExpression,
  isMapping,
  isScalar,
  NoOperationTraceWriter,
  parseWorkflow,
  type WorkflowTemplate,
} from '@actions/workflow-parser';
import { parse } from 'yaml';

/** Folder of the workflows, which are read by GitHub's own parser and evaluated by GitHub's own engine. */

export const WORKFLOWS = resolve(import.meta.dirname, '../../.github/workflows');

type Job = WorkflowTemplate['jobs'][number];
type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Contexts = Record<string, Json>;
type Token = Parameters<typeof isScalar>[0];
export type Result = 'success' | 'failure' | 'cancelled' | 'skipped';

/** Outcome of a job or a step when it runs (default: success, without outputs). */
export interface Outcome {
  result?: Result;
  outputs?: Record<string, string>;
}

/** Circumstances of a run. */
export interface World {
  /** Context `github`, filled by the event that started the run. */
  github: Contexts;
  /** The repository's variables. */
  vars?: Contexts;
  /** Inputs from a form or a caller; missing ones have their defaults. */
  inputs?: Contexts;
  /** Whether somebody pressed "Cancel workflow". */
  isCancelled?: boolean;
  /** Context `needs` of a single job whose steps run: outputs, keyed by job id. */
  needs?: Record<string, Record<string, string>>;
  /** Outcomes, keyed by job, with the names of calling jobs as a prefix: `build/choose`. */
  outcomes?: Record<string, Outcome>;
}

/** A finished run: the result of every job, keyed by path, such as `build/choose` in a called workflow. */
export type Run = Map<string, Result>;

const FUNCTIONS = ['success', 'failure', 'cancelled', 'always', 'hashFiles'].map((name) => ({
  name,
  minArgs: 0,
  maxArgs: name === 'hashFiles' ? 255 : 0,
}));
const CONTEXTS = ['github', 'inputs', 'vars', 'needs', 'env', 'steps', 'matrix', 'secrets', 'job', 'runner'];

const workflows = new Map<string, Promise<WorkflowTemplate>>();

/** Reads one workflow, only once. Throws the errors that GitHub would report. */
export function readWorkflow(name: string): Promise<WorkflowTemplate> {
  const workflow = workflows.get(name) ?? parseFile(name);
  workflows.set(name, workflow);
  return workflow;
}

async function parseFile(name: string): Promise<WorkflowTemplate> {
  const content = readFileSync(join(WORKFLOWS, name), 'utf8');
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  const errors = context.errors.getErrors();
  if (errors.length > 0 || !value)
    throw new Error(`${name}: ${errors.map(({ message }) => message).join('; ')}`);
  return convertWorkflowTemplate(context, value);
}

export function listWorkflows(): string[] {
  return readdirSync(WORKFLOWS).filter((name) => name.endsWith('.yml'));
}

/** Simulates a workflow: determines which jobs would run, and their results. */
export async function runWorkflow(name: string, world: World): Promise<Run> {
  const { jobs, events } = await readWorkflow(name);
  const defaults = isCalled(world) ? events.workflow_call?.inputs : events.workflow_dispatch?.inputs;
  const run = await runJobs(jobs, { ...world, inputs: { ...defaultsOf(defaults), ...world.inputs } }, '');
  return run.results;
}

/** Name of a run in the list of runs. */
export function runNameOf(workflow: string, inputs: Record<string, string>): string {
  const { 'run-name': name = '' } = parse(readFileSync(join(WORKFLOWS, workflow), 'utf8')) as {
    'run-name'?: string;
  };
  const status = { success: true, failure: false, cancelled: false };
  return name.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
    evaluate(expression, { inputs }, status).coerceString(),
  );
}

/** Paths of the jobs that ran, in the order of the workflow, without jobs that call a workflow. */
export function jobsOf(run: Run): string[] {
  const paths = [...run.keys()];
  return paths.filter(
    (path) => run.get(path) !== 'skipped' && !paths.some((other) => other.startsWith(`${path}/`)),
  );
}

/**
 * Returns names or ids of a job's steps that would run, in order.
 * @param outcomes keyed by step id
 */
export async function stepsOf(
  workflow: string,
  jobId: string,
  { github, vars = {}, inputs = {}, isCancelled = false, needs = {}, outcomes = {} }: World,
): Promise<string[]> {
  const { jobs } = await readWorkflow(workflow);
  const job = jobs.find(({ id }) => id.value === jobId);
  if (job?.type !== 'job') throw new Error(`${workflow} has no job ${jobId} with steps`);
  const steps: Contexts = {};
  const needed = Object.fromEntries(
    Object.entries(needs).map(([id, outputs]) => [id, { result: 'success', outputs }]),
  );
  const ran: string[] = [];
  let hasFailed = false;
  for (const step of job.steps) {
    const status = { success: !hasFailed && !isCancelled, failure: hasFailed, cancelled: isCancelled };
    const condition = 'if' in step && step.if ? step.if.expression : 'success()';
    if (!isTrue(evaluate(condition, { github, vars, inputs, steps, needs: needed }, status))) continue;
    ran.push(nameOf(step));
    const { result = 'success', outputs = {} } = outcomes[step.id] ?? {};
    steps[step.id] = { outcome: result, conclusion: result, outputs };
    if (result === 'failure') hasFailed = true;
  }
  return ran;
}

interface JobsRun {
  results: Run;
  result: Result;
}

async function runJobs(jobs: Job[], world: World, prefix: string): Promise<JobsRun> {
  const results: Run = new Map();
  const own = new Map<string, Result>();
  const outputs = new Map<string, Contexts>();
  const done = new Set<string>();
  while (done.size < jobs.length) {
    const ready = jobs.filter(
      ({ id, needs = [] }) => !done.has(id.value) && needs.every((need) => done.has(need.value)),
    );
    if (ready.length === 0) throw new Error('jobs need each other in a cycle');
    for (const job of ready) {
      const id = job.id.value;
      done.add(id);
      const needs = Object.fromEntries(
        (job.needs ?? []).map(({ value }) => [
          value,
          { result: own.get(value) ?? 'skipped', outputs: outputs.get(value) ?? {} },
        ]),
      );
      const contexts: Contexts = {
        github: world.github,
        vars: world.vars ?? {},
        inputs: world.inputs ?? {},
        needs,
      };
      // A skip or a failure affects all direct and indirect dependents.
      const before = ancestorsOf(job, jobs).map((ancestor) => own.get(ancestor));
      const status = {
        success: !world.isCancelled && before.every((result) => result === 'success'),
        failure: before.includes('failure'),
        cancelled: world.isCancelled ?? false,
      };
      const path = `${prefix}${id}`;
      const ended = isTrue(evaluate(job.if.expression, contexts, status))
        ? await runJob(job, contexts, world, path)
        : { results: new Map<string, Result>(), result: 'skipped' as const, outputs: {} };
      own.set(id, ended.result);
      outputs.set(id, ended.outputs);
      results.set(path, ended.result);
      for (const [inner, result] of ended.results) results.set(inner, result);
    }
  }
  const all = [...own.values()];
  return { results, result: all.includes('failure') ? 'failure' : 'success' };
}

async function runJob(
  job: Job,
  contexts: Contexts,
  world: World,
  path: string,
): Promise<JobsRun & { outputs: Contexts }> {
  const { result = 'success', outputs = {} } = world.outcomes?.[path] ?? {};
  if (job.type === 'job') return { results: new Map(), result, outputs };
  const called = await readWorkflow(basename(job.ref.value));
  const given: Contexts = {};
  const values = job['input-values'];
  if (values && isMapping(values)) {
    for (const { key, value } of values) given[key.toString()] = evaluateToken(value, contexts);
  }
  const inputs = { ...defaultsOf(called.events.workflow_call?.inputs), ...given };
  // In a called workflow, `github` is the caller's context.
  const run = await runJobs(called.jobs, { ...world, inputs }, `${path}/`);
  return { ...run, outputs };
}

function ancestorsOf(job: Job, jobs: Job[]): string[] {
  const needsOf = (one: Job | undefined) => (one?.needs ?? []).map(({ value }) => value);
  const found = new Set(needsOf(job));
  for (const id of found)
    for (const need of needsOf(jobs.find((one) => one.id.value === id))) found.add(need);
  return [...found];
}

function evaluateToken(token: Token, contexts: Contexts): Json {
  if (isBasicExpression(token)) {
    const status = { success: true, failure: false, cancelled: false };
    return JSON.parse(JSON.stringify(evaluate(token.expression, contexts, status), data.replacer)) as Json;
  }
  if (isScalar(token)) return JSON.parse(JSON.stringify(token)) as Json;
  throw new Error(`expected a scalar, found ${JSON.stringify(token)}`);
}

function evaluate(
  expression: string,
  contexts: Contexts,
  status: { success: boolean; failure: boolean; cancelled: boolean },
): data.ExpressionData {
  const tree = new Parser(new Lexer(expression).lex().tokens, CONTEXTS, FUNCTIONS).parse();
  const values: Record<string, boolean> = { ...status, always: true };
  const functions = new Map(
    FUNCTIONS.map((definition) => [
      definition.name.toLowerCase(),
      { ...definition, call: () => new data.BooleanData(values[definition.name] ?? false) },
    ]),
  );
  const full = Object.fromEntries(CONTEXTS.map((name) => [name, contexts[name] ?? {}]));
  const dictionary = JSON.parse(JSON.stringify(full), data.reviver) as data.Dictionary;
  return new Evaluator(tree, dictionary, functions).evaluate();
}

/** Whether GitHub treats a value as true: everything except false, 0, the empty text and null. */
function isTrue(value: data.ExpressionData): boolean {
  const text = value.coerceString();
  return !(
    value.kind === data.Kind.Null ||
    (value.kind === data.Kind.Boolean && text === 'false') ||
    (value.kind === data.Kind.Number && (text === '0' || text === 'NaN')) ||
    (value.kind === data.Kind.String && text === '')
  );
}

function isCalled(world: World): boolean {
  return world.github['event_name'] === 'workflow_call';
}

function defaultsOf(inputs: Record<string, { default?: unknown; type?: string }> | undefined): Contexts {
  return Object.fromEntries(
    Object.entries(inputs ?? {}).map(([name, { default: value, type }]) => [
      name,
      (value === undefined ? (type === 'boolean' ? false : '') : JSON.parse(JSON.stringify(value))) as Json,
    ]),
  );
}

function nameOf(step: { id: string; name?: { toString(): string } }): string {
  if (step.name) return step.name.toString();
  return 'uses' in step ? String(step.uses) : step.id;
}
