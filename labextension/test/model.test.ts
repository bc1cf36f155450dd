import { describe, expect, it } from 'vitest';

import { BrowserModel, type IQuestion, type IStoreReader, PAGE, SWEEP_PAGE } from '../src/model';
import { olderKey, projectKey, sweepKey } from '../src/tree';
import type { IOverview, IRunPage, ISweep } from '../src/wire';

const sweep: ISweep = {
  project: 'new',
  id: 'abc',
  name: 'search',
  method: 'bayes',
  state: 'running',
  metric: 'loss',
  isMaximized: false,
  done: 3,
  running: 1,
  expected: 10,
  best: '0.5',
  createdMs: 0
};

const QUIET = { nowMs: 1000, alerts: [] };

/** A store that says what it is asked, and answers the same with the same object. */
class Store implements IStoreReader {
  asked: IQuestion[] = [];
  sweeps: ISweep[] = [];
  trouble: Error | null = null;
  overviews: Record<string, IOverview> = {
    '': {
      store: '/store',
      projects: [
        { name: 'new', runs: 2, running: 1 },
        { name: 'old', runs: 1, running: 0 }
      ],
      running: ['quiet-tree-1'],
      ...QUIET
    },
    other: { store: '/other', projects: [], running: [], ...QUIET }
  };

  overview(dir: string): Promise<IOverview> {
    const found = this.overviews[dir];
    return this.trouble || !found
      ? Promise.reject(this.trouble ?? new Error(`no folder ${dir}`))
      : Promise.resolve(found);
  }

  runs(question: IQuestion): Promise<IRunPage> {
    this.asked.push(question);
    const name = JSON.stringify(question);
    const sweeps = question.project === 'new' ? this.sweeps : [];
    this.pages[name] ??= { runs: [], sweeps, more: false, moreSweeps: false, metrics: new Map() };
    return Promise.resolve(this.pages[name]);
  }

  private readonly pages: Record<string, IRunPage> = {};
}

async function shown(): Promise<{ store: Store; model: BrowserModel; changes: () => number }> {
  const store = new Store();
  const model = new BrowserModel(store);
  let count = 0;
  model.changed.connect(() => {
    count += 1;
  });
  model.isVisible = true;
  await model.refresh();
  return { store, model, changes: () => count };
}

describe('BrowserModel', () => {
  it('opens the newest project, and asks for its runs only', async () => {
    const { store, model } = await shown();
    expect(model.rows.map(row => row.key)).toEqual([projectKey('new'), projectKey('old')]);
    expect(store.asked).toEqual([
      { dir: '', project: 'new', search: '', metric: '', limit: PAGE, sweeps: SWEEP_PAGE }
    ]);
    expect(model.running).toEqual(['quiet-tree-1']);
  });

  it('asks for no runs while nobody sees them', async () => {
    const store = new Store();
    const model = new BrowserModel(store);
    await model.refresh();
    expect(store.asked).toEqual([]);
    expect(model.running).toHaveLength(1);
  });

  it('tells nobody where nothing has changed', async () => {
    const { model, changes } = await shown();
    const before = changes();
    await model.refresh();
    expect(changes()).toBe(before);
  });

  it('opens and closes projects', async () => {
    const { store, model } = await shown();
    await model.toggle('old');
    await model.toggle('new');
    expect(model.rows.map(row => row.kind === 'project' && row.isOpen)).toEqual([false, true]);
    expect(store.asked.at(-1)?.project).toBe('old');
  });

  it('leaves a project closed that somebody has closed', async () => {
    const { model } = await shown();
    await model.toggle('new');
    await model.refresh();
    expect(model.rows[0]).toMatchObject({ isOpen: false });
  });

  it('asks for more runs, and for another metric', async () => {
    const { store, model } = await shown();
    await model.showMore('new', 'runs');
    await model.chooseMetric('new', 'acc');
    expect(store.asked.at(-1)).toMatchObject({ limit: 2 * PAGE, metric: 'acc' });
    await model.setDefaultMetric('loss');
    expect(store.asked.at(-1)?.metric).toBe('acc');
  });

  it('searches all projects at once, and comes back', async () => {
    const { store, model } = await shown();
    await model.setSearch('tree');
    expect(store.asked.at(-1)).toMatchObject({ project: '', search: 'tree' });
    expect(model.rows).toEqual([]);
    await model.setSearch('');
    expect(model.rows).toHaveLength(2);
  });

  it('says what a row stands for', async () => {
    const { model } = await shown();
    expect(model.subject).toBeNull();
    model.select(projectKey('old'));
    const old = { dir: '', project: 'old', run: '', sweep: '', label: 'old' };
    expect(model.subject).toEqual(old);
  });

  it('shows the older sweeps when they are asked for', async () => {
    const { store, model, changes } = await shown();
    store.sweeps = ['e', 'd', 'c', 'b', 'a'].map(id => ({ ...sweep, id }));
    await model.showMore('new', 'runs');
    const kinds = (): string => model.rows.map(row => row.kind).join(' ');
    expect(kinds()).toBe('project sweep sweep sweep older project');
    model.select(sweepKey({ ...sweep, id: 'd' }));
    expect(model.subject).toEqual({
      dir: '',
      project: 'new',
      run: '',
      sweep: 'd',
      label: 'search'
    });
    const before = changes();
    model.toggleOlder('new');
    expect(kinds()).toBe('project sweep sweep sweep sweep sweep older project');
    expect(changes()).toBe(before + 1);
    model.select(olderKey('new'));
    expect(model.subject).toBeNull();
    model.toggleOlder('new');
    expect(kinds()).toBe('project sweep sweep sweep older project');
  });

  it('reads more sweeps of a project when it is asked to, and of a search', async () => {
    const { store, model } = await shown();
    await model.showMore('new', 'sweeps');
    const asked = { project: 'new', limit: PAGE, sweeps: 2 * SWEEP_PAGE };
    expect(store.asked.at(-1)).toMatchObject(asked);
    await model.setSearch('x');
    await model.showMore('', 'sweeps');
    expect(store.asked.at(-1)).toMatchObject({ limit: PAGE, sweeps: 2 * SWEEP_PAGE });
    await model.setSearch('y');
    expect(store.asked.at(-1)).toMatchObject({ limit: PAGE, sweeps: SWEEP_PAGE });
    await model.setSearch('');
    expect(store.asked.at(-1)).toMatchObject(asked);
  });

  it('begins anew in another store', async () => {
    const { model } = await shown();
    await model.setDir('other');
    expect(model.isEmpty).toBe(true);
    expect(model.store).toBe('/other');
    await model.setDir('');
    expect(model.rows[0]).toMatchObject({ isOpen: true });
  });

  it('says what went wrong until it goes well', async () => {
    const { store, model } = await shown();
    store.trouble = new Error('The store is locked.');
    await expect(model.refresh()).rejects.toThrow('locked');
    expect(model.trouble).toBe('The store is locked.');
    expect(model.rows).toHaveLength(2);
    store.trouble = null;
    await model.refresh();
    expect(model.trouble).toBe('');
  });

  it('forgets an answer that a newer question has overtaken', async () => {
    const { store, model } = await shown();
    const late = model.refresh();
    store.overviews[''] = { store: '/store', projects: [], running: [], ...QUIET };
    await model.refresh();
    await late;
    expect(model.isEmpty).toBe(true);
  });
});
