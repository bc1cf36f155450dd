import * as React from 'react';

import type { BrowserModel } from './model';
import { SweepContent, sweepTitle } from './sweep';
import type { IMoreRow, IOlderRow, IProjectRow, IRunRow, Row } from './tree';
import type { IMetrics, IProject, IRun } from './wire';
import { formatAgo, formatCount, formatDuration, splitTail } from './words';

/** As `SPARK_SIZE` in `tracker/server/listing.py`. */
const SPARK_WIDTH = 56;
const SPARK_HEIGHT = 16;

interface IRowProps<R extends Row> {
  readonly row: R;
  readonly model: BrowserModel;
}

function RowContent({ row, model }: IRowProps<Row>): React.JSX.Element {
  switch (row.kind) {
    case 'project':
      return <ProjectContent row={row} model={model} />;
    case 'sweep':
      return <SweepContent sweep={row.sweep} />;
    case 'older':
      return <OlderContent row={row} model={model} />;
    case 'run':
      return <RunContent row={row} model={model} />;
    case 'more':
      return <MoreContent row={row} model={model} />;
  }
}

interface ITreeRowProps extends IRowProps<Row> {
  readonly id: string;
  readonly isSelected: boolean;
  readonly onActivate: (row: Row) => void;
}

/** One row of the tree, of any kind. */
export function TreeRow(props: ITreeRowProps): React.JSX.Element {
  const { row, model, id, isSelected, onActivate } = props;
  const press = (): void => {
    model.select(row.key);
    if (row.kind === 'project') {
      void model.toggle(row.project.name);
    } else if (row.kind === 'more' || row.kind === 'older') {
      onActivate(row);
    }
  };
  return (
    <div
      id={id}
      role="treeitem"
      className="tracker-Row"
      data-kind={row.kind}
      aria-level={row.kind === 'project' ? 1 : 2}
      aria-selected={isSelected}
      aria-expanded={row.kind === 'project' || row.kind === 'older' ? row.isOpen : undefined}
      title={titleOf(row)}
      onClick={press}
      onContextMenu={() => {
        model.select(row.key);
      }}
      onDoubleClick={() => {
        if (row.kind !== 'more' && row.kind !== 'older') {
          onActivate(row);
        }
      }}
    >
      <RowContent row={row} model={model} />
    </div>
  );
}

function ProjectContent({ row, model }: IRowProps<IProjectRow>): React.JSX.Element {
  const { project, metrics, isOpen } = row;
  return (
    <>
      <span className="tracker-Row-caret" aria-hidden="true" />
      <span className="tracker-Row-name">
        <span className="tracker-Row-stem">{project.name}</span>
      </span>
      {project.runs > 0 && <span className="tracker-Row-count">{project.runs}</span>}
      {project.running > 0 && (
        <span className="tracker-Row-running" aria-label={`${String(project.running)} running`}>
          <span className="tracker-Row-dot" data-state="running" />
          {project.running}
        </span>
      )}
      <span className="tracker-Row-space" />
      {isOpen && metrics && <Metric project={project.name} metrics={metrics} model={model} />}
    </>
  );
}

interface IMetricProps {
  readonly project: string;
  readonly metrics: IMetrics;
  readonly model: BrowserModel;
}

function Metric({ project, metrics, model }: IMetricProps): React.JSX.Element {
  const { chosen, keys } = metrics;
  if (keys.length < 2) {
    return <span className="tracker-Row-metric">{chosen}</span>;
  }
  return (
    <select
      className="tracker-Row-metric"
      aria-label={`Metric shown for the runs of ${project}`}
      title="The metric that is shown"
      value={chosen}
      onClick={stop}
      onDoubleClick={stop}
      onKeyDown={stop}
      onChange={event => void model.chooseMetric(project, event.target.value)}
    >
      {keys.map(key => (
        <option key={key}>{key}</option>
      ))}
    </select>
  );
}

function stop(event: React.SyntheticEvent): void {
  event.stopPropagation();
}

function RunContent({ row }: IRowProps<IRunRow>): React.JSX.Element {
  const { run } = row;
  const [stem, tail] = splitTail(run.name);
  return (
    <>
      <span className="tracker-Row-dot" data-state={run.state} role="img" aria-label={run.state} />
      <span className="tracker-Row-name">
        <span className="tracker-Row-stem">{stem}</span>
        <span className="tracker-Row-tail">{tail}</span>
      </span>
      <Spark run={run} />
      <span className="tracker-Row-value">{run.value}</span>
      <span className="tracker-Row-time">{formatDuration(run.runtimeS)}</span>
      <span className="tracker-Row-ago">{formatAgo(run.createdMs, Date.now())}</span>
    </>
  );
}

function Spark({ run }: { readonly run: IRun }): React.JSX.Element {
  return (
    <svg
      className="tracker-Row-spark"
      width={SPARK_WIDTH}
      height={SPARK_HEIGHT}
      preserveAspectRatio="none"
      viewBox={`0 0 ${String(SPARK_WIDTH)} ${String(SPARK_HEIGHT)}`}
      aria-hidden="true"
    >
      {run.spark !== '' && <path d={run.spark} stroke={run.colour} />}
    </svg>
  );
}

function OlderContent({ row }: IRowProps<IOlderRow>): React.JSX.Element {
  const count = formatCount(row.count, 'older sweep', 'older sweeps');
  const text = row.isOpen ? 'Fewer sweeps' : `${row.isMore ? 'More than ' : ''}${count} …`;
  return <span className="tracker-Row-more">{text}</span>;
}

function MoreContent({ row }: IRowProps<IMoreRow>): React.JSX.Element {
  return <span className="tracker-Row-more">{`More ${row.of} …`}</span>;
}

function titleOf(row: Row): string {
  switch (row.kind) {
    case 'project':
      return projectTitle(row.project);
    case 'run': {
      const { run } = row;
      const lines = [
        `${run.name} (${run.id})`,
        `${run.state}, ${formatDuration(run.runtimeS)}`,
        `begun ${new Date(run.createdMs).toLocaleString()}`
      ];
      return [...lines, ...(run.tags.length > 0 ? [run.tags.join(', ')] : [])].join('\n');
    }
    case 'sweep':
      return sweepTitle(row.sweep);
    case 'older':
    case 'more':
      return '';
  }
}

function projectTitle({ name, runs, running }: IProject): string {
  const counted = formatCount(runs, 'run', 'runs');
  return `${name}\n${counted}${running > 0 ? `, ${String(running)} running` : ''}`;
}
