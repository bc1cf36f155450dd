/** What a tab shows and a command is about: a project, one run or one sweep. This file knows no DOM. */

export interface ISubject {
  /** The folder whose store it is in, as JupyterLab knows it. */
  readonly dir: string;
  readonly project: string;
  /** The run's id; empty for a sweep and for the whole project. */
  readonly run: string;
  /** The sweep's id; empty for a run and for the whole project. */
  readonly sweep: string;
  /** What people call it. */
  readonly label: string;
}

/** Read a subject from a command's arguments; null where they name none. */
export function readSubject(args: Readonly<Record<string, unknown>>): ISubject | null {
  const { dir, project, run, sweep, label } = args;
  if (typeof project !== 'string' || project === '') {
    return null;
  }
  const runId = typeof run === 'string' ? run : '';
  const sweepId = typeof sweep === 'string' && runId === '' ? sweep : '';
  return {
    dir: typeof dir === 'string' ? dir : '',
    project,
    run: runId,
    sweep: sweepId,
    label: typeof label === 'string' && label !== '' ? label : runId || sweepId || project
  };
}

/** Return a name for a subject that no other has. */
export function subjectKey(subject: ISubject): string {
  const { dir, project, run, sweep } = subject;
  const parts = sweep === '' ? [dir, project, run] : [dir, project, 'sweep', sweep];
  return parts.map(encodeURIComponent).join('/');
}

/** Return what a subject is, as the panels' scripts call it. */
export function subjectKind({ run, sweep }: ISubject): 'project' | 'run' | 'sweep' {
  return run !== '' ? 'run' : sweep !== '' ? 'sweep' : 'project';
}

/** Return the path by which `tracker.Api()` finds it. */
export function subjectPath({ project, run, sweep }: ISubject): string {
  const id = run || sweep;
  return id === '' ? project : `${project}/${id}`;
}

/** Return the code that reads it in a notebook. */
export function subjectCode(subject: ISubject): string {
  const call = { project: 'runs', run: 'run', sweep: 'sweep' }[subjectKind(subject)];
  return `tracker.Api().${call}(${pythonText(subjectPath(subject))})`;
}

/** Return the source of a cell that shows a project's workspace, or the panel of a run or sweep. */
export function panelCell(subject: ISubject, isLoaded: boolean): string {
  const magic = `%tracker ${shellWord(subjectPath(subject))}`;
  return isLoaded ? magic : `%load_ext tracker\n${magic}`;
}

/** Say whether one of a notebook's cells loads the magics. */
export function loadsMagics(sources: Iterable<string>): boolean {
  return [...sources].some(source => /^\s*%(re)?load_ext\s+tracker\b/m.test(source));
}

/** JSON's texts are Python's as well, but for what lies beyond the basic plane. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

function shellWord(text: string): string {
  return /^[\w./:-]+$/u.test(text) && !text.startsWith('-')
    ? text
    : `'${text.replaceAll("'", `'"'"'`)}'`;
}
