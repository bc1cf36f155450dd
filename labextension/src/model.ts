/**
 * What the sidebar and the status bar show, and how they keep up with the store. This file knows no
 * DOM: requests are made by an `IStoreReader`.
 */

import { type ISignal, Signal } from '@lumino/signaling';

import { AlertWatch } from './alerts';
import type { ISubject } from './subject';
import { closedKey, type ITree, olderKey, projectKey, type Row, rowsOf, runKey } from './tree';
import type { IAlert, IOverview, IRunPage } from './wire';

export const PAGE = 50;
export const SWEEP_PAGE = 200;

const NONE = { run: '', sweep: '' };

export interface IQuestion {
  readonly dir: string;
  readonly project: string;
  readonly search: string;
  readonly metric: string;
  /** How many runs at most, and how many sweeps. */
  readonly limit: number;
  readonly sweeps: number;
}

/** Reads a store. What is the same as at the last question is the same object. */
export interface IStoreReader {
  /** Read what there is, with the alerts since a time; with none where that is 0. */
  overview(dir: string, sinceMs: number): Promise<IOverview>;
  runs(question: IQuestion): Promise<IRunPage>;
}

export interface IAlerted {
  /** The folder whose store they are in. */
  readonly dir: string;
  readonly alerts: readonly IAlert[];
}

export class BrowserModel {
  constructor(private readonly reader: IStoreReader) {}

  /** Something that is shown has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Runs have sent alerts since the page came, each of which is told once, the oldest first. */
  get alerted(): ISignal<this, IAlerted> {
    return this._alerted;
  }

  /** Whether anybody can see the tree; while nobody can, only what runs is asked for. */
  isVisible = false;

  get dir(): string {
    return this._dir;
  }

  get store(): string {
    return this.overview?.store ?? '';
  }

  /** Names of the runs that are running now. */
  get running(): readonly string[] {
    return this.overview?.running ?? [];
  }

  /** Whether there is nothing yet; null while that is not known. */
  get isEmpty(): boolean | null {
    return this.overview && this.overview.projects.length === 0;
  }

  /** What went wrong, as a sentence; empty where nothing did. */
  get trouble(): string {
    return this._trouble;
  }

  get search(): string {
    return this._search;
  }

  get rows(): readonly Row[] {
    return this._rows;
  }

  /** The key of the row that keys and commands are about. */
  get selected(): string | null {
    return this._selected;
  }

  /** What the selected row stands for. */
  get subject(): ISubject | null {
    const row = this._rows.find(each => each.key === this._selected);
    return row ? this.subjectOf(row) : null;
  }

  subjectOf(row: Row): ISubject | null {
    const { dir } = this;
    switch (row.kind) {
      case 'project':
        return { ...NONE, dir, project: row.project.name, label: row.project.name };
      case 'run': {
        const { project, id, name } = row.run;
        return { ...NONE, dir, project, run: id, label: name };
      }
      case 'sweep': {
        const { project, id, name } = row.sweep;
        return { ...NONE, dir, project, sweep: id, label: name };
      }
      case 'older':
      case 'more':
        return null;
    }
  }

  /** Look at the store of another folder. */
  async setDir(dir: string): Promise<void> {
    if (dir !== this._dir) {
      this._dir = dir;
      await this.refresh();
    }
  }

  /** Show this metric of projects that have it and for which nobody chose another. */
  async setDefaultMetric(metric: string): Promise<void> {
    if (metric !== this.defaultMetric) {
      this.defaultMetric = metric;
      await this.refresh();
    }
  }

  async setSearch(search: string): Promise<void> {
    if (search !== this._search) {
      this._search = search;
      this.limits.delete('');
      this.sweepLimits.delete('');
      this.emit();
      await this.refresh();
    }
  }

  /** Tell of alerts, or of none. */
  setAlerts(isWanted: boolean): void {
    if (isWanted !== this.wantsAlerts) {
      this.wantsAlerts = isWanted;
      this.watch.reset();
    }
  }

  select(key: string | null): void {
    if (key !== this._selected) {
      this._selected = key;
      this._changed.emit();
    }
  }

  /** Open or close a project. */
  async toggle(project: string): Promise<void> {
    const key = this.found ? closedKey(project) : project;
    if (!this.open.delete(key)) {
      this.open.add(key);
    }
    this.emit();
    await this.refresh();
  }

  /** Show the older sweeps of a project, or put them away. */
  toggleOlder(project: string): void {
    const key = olderKey(project);
    if (!this.open.delete(key)) {
      this.open.add(key);
    }
    this.emit();
  }

  /** Show more runs or sweeps of a project, or of a search, whose project is empty. */
  async showMore(project: string, of: 'runs' | 'sweeps'): Promise<void> {
    const [limits, page] = of === 'runs' ? [this.limits, PAGE] : [this.sweepLimits, SWEEP_PAGE];
    limits.set(project, (limits.get(project) ?? page) + page);
    await this.refresh();
  }

  private limitsOf(project: string): { limit: number; sweeps: number } {
    return {
      limit: this.limits.get(project) ?? PAGE,
      sweeps: this.sweepLimits.get(project) ?? SWEEP_PAGE
    };
  }

  /** Show another metric of a project's runs. */
  async chooseMetric(project: string, metric: string): Promise<void> {
    this.metrics.set(project, metric);
    await this.refresh();
  }

  /** Read anew what is shown. Only the newest of several calls at a time counts. */
  async refresh(): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    try {
      const dir = this._dir;
      const overview = await this.reader.overview(dir, this.watch.sinceMs);
      if (turn !== this.turn) {
        return;
      }
      this.adopt(overview);
      this.tell(dir, overview);
      if (this.isVisible) {
        await this.readRuns(turn);
      }
      this.finish(turn, '');
    } catch (error) {
      this.finish(turn, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  private adopt(overview: IOverview): void {
    if (overview.store !== this.overview?.store) {
      for (const part of [this.open, this.limits, this.sweepLimits, this.pages, this.metrics]) {
        part.clear();
      }
      this.found = null;
      this.isFresh = true;
    }
    this.overview = overview;
    const [newest] = overview.projects;
    if (this.isFresh && newest) {
      this.open.add(newest.name);
      this.isFresh = false;
    }
  }

  private tell(dir: string, overview: IOverview): void {
    const alerts = this.wantsAlerts ? this.watch.take(overview) : [];
    if (alerts.length > 0) {
      this._alerted.emit({ dir, alerts });
    }
  }

  private async readRuns(turn: number): Promise<void> {
    const ask = { dir: this._dir, search: this._search, metric: this.defaultMetric };
    if (this._search.trim() !== '') {
      const found = await this.reader.runs({ ...ask, project: '', ...this.limitsOf('') });
      if (turn === this.turn) {
        this.found = found;
      }
      return;
    }
    const projects = this.overview?.projects.filter(each => this.open.has(each.name)) ?? [];
    const pages = await Promise.all(
      projects.map(async ({ name }) => {
        const metric = this.metrics.get(name) ?? this.defaultMetric;
        const question = { ...ask, project: name, metric, ...this.limitsOf(name) };
        return [name, await this.reader.runs(question)] as const;
      })
    );
    if (turn === this.turn) {
      this.found = null;
      this.pages = new Map(pages);
    }
  }

  private finish(turn: number, trouble: string): void {
    if (turn === this.turn) {
      this._trouble = trouble;
      this.emit();
    }
  }

  /** Tell those who show the model, if there is anything to tell. */
  private emit(): void {
    const tree: ITree = {
      projects: this.overview?.projects ?? [],
      open: this.open,
      pages: this.pages,
      found: this.found
    };
    const stamp = [
      this.overview,
      this.found,
      this._search,
      this._trouble,
      [...this.open].join('\n')
    ];
    const shown = [...stamp, ...this.pages.values()];
    if (shown.length === this.shown.length && shown.every((part, i) => part === this.shown[i])) {
      return;
    }
    this.shown = shown;
    this._rows = rowsOf(tree);
    this._changed.emit();
  }

  private readonly _alerted = new Signal<this, IAlerted>(this);
  private readonly _changed = new Signal<this, void>(this);
  private _dir = '';
  private _rows: readonly Row[] = [];
  private _search = '';
  private _selected: string | null = null;
  private _trouble = '';
  private defaultMetric = '';
  private found: IRunPage | null = null;
  private isFresh = true;
  private readonly limits = new Map<string, number>();
  private readonly sweepLimits = new Map<string, number>();
  private readonly metrics = new Map<string, string>();
  private readonly open = new Set<string>();
  private overview: IOverview | null = null;
  private pages = new Map<string, IRunPage>();
  private shown: readonly unknown[] = [];
  private turn = 0;
  private wantsAlerts = true;
  private readonly watch = new AlertWatch();
}

export { projectKey, runKey };
