/**
 * What the server's `/tracker/api/` answers, read with distrust: whatever is missing or of another
 * kind than expected becomes empty. This file knows no DOM.
 */

export type RunState = 'running' | 'finished' | 'failed' | 'crashed' | 'stopped';

const STATES: readonly string[] = ['running', 'finished', 'failed', 'crashed', 'stopped'];

export interface IProject {
  readonly name: string;
  readonly runs: number;
  readonly running: number;
}

export interface IOverview {
  /** Where the store is, for people to read. */
  readonly store: string;
  readonly projects: readonly IProject[];
  /** The names of the runs that are running now. */
  readonly running: readonly string[];
  /** What the server's clock said. */
  readonly nowMs: number;
  /** What runs sent since the time that was asked for, the newest first. */
  readonly alerts: readonly IAlert[];
}

export type AlertLevel = 'INFO' | 'WARN' | 'ERROR';

export interface IAlert {
  readonly project: string;
  /** The run's id, and what people call it. */
  readonly id: string;
  readonly name: string;
  readonly level: AlertLevel;
  readonly title: string;
  readonly text: string;
  readonly timeMs: number;
}

export interface IRun {
  readonly project: string;
  readonly id: string;
  readonly name: string;
  readonly state: RunState;
  readonly colour: string;
  readonly createdMs: number;
  readonly runtimeS: number;
  readonly tags: readonly string[];
  /** The last value of the metric, as text; empty where the run has none. */
  readonly value: string;
  /** The metric's small curve, as the data of an SVG path. */
  readonly spark: string;
}

export type SweepState = 'running' | 'paused' | 'stopped' | 'cancelled' | 'finished';

const SWEEP_STATES: readonly string[] = ['running', 'paused', 'stopped', 'cancelled', 'finished'];

export interface ISweep {
  readonly project: string;
  readonly id: string;
  readonly name: string;
  /** How it searches: grid, random or bayes. */
  readonly method: string;
  readonly state: SweepState;
  /** What it looks for; empty where it compares nothing. */
  readonly metric: string;
  readonly isMaximized: boolean;
  /** How many of its trials are over, and how many run. */
  readonly done: number;
  readonly running: number;
  /** How many trials it runs; null where it has no end. */
  readonly expected: number | null;
  /** The best value so far, as text; empty where there is none. */
  readonly best: string;
  readonly createdMs: number;
}

export interface IMetrics {
  readonly chosen: string;
  readonly keys: readonly string[];
}

export interface IRunPage {
  readonly runs: readonly IRun[];
  readonly sweeps: readonly ISweep[];
  readonly more: boolean;
  readonly moreSweeps: boolean;
  readonly metrics: ReadonlyMap<string, IMetrics>;
}

export interface ILoader {
  readonly version: string;
  readonly script: string;
}

type Fields = Readonly<Record<string, unknown>>;

export function readOverview(value: unknown): IOverview {
  const fields = asFields(value);
  return {
    store: asText(fields.store),
    projects: asList(fields.projects).map(readProject),
    running: asList(fields.running).map(each => asText(asFields(each).name)),
    nowMs: asNumber(fields.now_ms),
    alerts: asList(fields.alerts).map(readAlert)
  };
}

export function readRunPage(value: unknown): IRunPage {
  const fields = asFields(value);
  const metrics = Object.entries(asFields(fields.metrics)).map(([project, found]) => {
    const { chosen, keys } = asFields(found);
    return [project, { chosen: asText(chosen), keys: asList(keys).map(asText) }] as const;
  });
  return {
    runs: asList(fields.runs).map(readRun),
    sweeps: asList(fields.sweeps).map(readSweep),
    more: fields.more === true,
    moreSweeps: fields.more_sweeps === true,
    metrics: new Map(metrics)
  };
}

export function readLoader(value: unknown): ILoader {
  const { version, script } = asFields(value);
  return { version: asText(version), script: asText(script) };
}

function readProject(value: unknown): IProject {
  const fields = asFields(value);
  return {
    name: asText(fields.name),
    runs: asNumber(fields.runs),
    running: asNumber(fields.running)
  };
}

function readAlert(value: unknown): IAlert {
  const fields = asFields(value);
  const level = asText(fields.level);
  return {
    project: asText(fields.project),
    id: asText(fields.id),
    name: asText(fields.name),
    level: level === 'ERROR' || level === 'WARN' ? level : 'INFO',
    title: asText(fields.title),
    text: asText(fields.text),
    timeMs: asNumber(fields.time_ms)
  };
}

function readRun(value: unknown): IRun {
  const fields = asFields(value);
  return {
    project: asText(fields.project),
    id: asText(fields.id),
    name: asText(fields.name),
    state: asState(fields.state),
    colour: asColour(fields.colour),
    createdMs: asNumber(fields.created_ms),
    runtimeS: asNumber(fields.runtime_s),
    tags: asList(fields.tags).map(asText),
    value: asText(fields.value),
    spark: asPath(fields.spark)
  };
}

function readSweep(value: unknown): ISweep {
  const fields = asFields(value);
  return {
    project: asText(fields.project),
    id: asText(fields.id),
    name: asText(fields.name),
    method: asText(fields.method),
    state: asSweepState(fields.state),
    metric: asText(fields.metric),
    isMaximized: fields.goal === 'maximize',
    done: asNumber(fields.done),
    running: asNumber(fields.running),
    expected: typeof fields.expected === 'number' ? asNumber(fields.expected) : null,
    best: asText(fields.best),
    createdMs: asNumber(fields.created_ms)
  };
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asNumber(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function asState(value: unknown): RunState {
  return STATES.includes(asText(value)) ? (value as RunState) : 'crashed';
}

function asSweepState(value: unknown): SweepState {
  return SWEEP_STATES.includes(asText(value)) ? (value as SweepState) : 'stopped';
}

function asColour(value: unknown): string {
  return /^#[0-9a-f]{6}$/i.test(asText(value)) ? asText(value) : 'currentColor';
}

function asPath(value: unknown): string {
  return /^[MLv0-9e.+\- ]*$/.test(asText(value)) ? asText(value) : '';
}
