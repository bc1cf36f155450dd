/** What a tab shows and a command is about: a project, or one run. This file knows no DOM. */

export interface ISubject {
  /** The folder whose store it is in, as JupyterLab knows it. */
  readonly dir: string;
  readonly project: string;
  /** The run's id; empty for the whole project. */
  readonly run: string;
  /** What people call it. */
  readonly label: string;
}

/** Read a subject from a command's arguments; null where they name none. */
export function readSubject(args: Readonly<Record<string, unknown>>): ISubject | null {
  const { dir, project, run, label } = args;
  if (typeof project !== 'string' || project === '') {
    return null;
  }
  const id = typeof run === 'string' ? run : '';
  return {
    dir: typeof dir === 'string' ? dir : '',
    project,
    run: id,
    label: typeof label === 'string' && label !== '' ? label : id || project
  };
}

/** Return a name for a subject that no other has. */
export function subjectKey(subject: ISubject): string {
  return [subject.dir, subject.project, subject.run].map(encodeURIComponent).join('/');
}

/** Return the path by which `tracker.Api()` finds it. */
export function subjectPath({ project, run }: ISubject): string {
  return run === '' ? project : `${project}/${run}`;
}

/** Return the code that reads it in a notebook. */
export function subjectCode(subject: ISubject): string {
  const call = subject.run === '' ? 'runs' : 'run';
  return `tracker.Api().${call}(${pythonText(subjectPath(subject))})`;
}

/** Return the source of a cell that shows a project's workspace, or a run's panel. */
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
