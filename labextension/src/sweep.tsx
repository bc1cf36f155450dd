import * as React from 'react';

import type { ISweep } from './wire';
import { formatAgo } from './words';

/** The row of a sweep: how far it is, and the best value that it has found. */
export function SweepContent({ sweep }: { readonly sweep: ISweep }): React.JSX.Element {
  return (
    <>
      <Sign sweep={sweep} />
      <span className="tracker-Row-name">
        <span className="tracker-Row-stem">{sweep.name}</span>
      </span>
      <Progress sweep={sweep} />
      <span className="tracker-Row-value">{sweep.best}</span>
      <span className="tracker-Row-time">{sweep.method}</span>
      <span className="tracker-Row-ago">{formatAgo(sweep.createdMs, Date.now())}</span>
    </>
  );
}

/** Four points of a search, in the colour of the sweep's state. */
function Sign({ sweep }: { readonly sweep: ISweep }): React.JSX.Element {
  return (
    <svg
      className="tracker-Row-sign"
      data-state={sweep.state}
      role="img"
      aria-label={`sweep, ${sweep.state}`}
      width={10}
      height={10}
      viewBox="0 0 10 10"
    >
      {[0, 6].flatMap(x =>
        [0, 6].map(y => (
          <rect key={`${String(x)} ${String(y)}`} x={x} y={y} width={4} height={4} rx={1} />
        ))
      )}
    </svg>
  );
}

function Progress({ sweep }: { readonly sweep: ISweep }): React.JSX.Element {
  const { done, expected } = sweep;
  const part = expected ? Math.min(done / expected, 1) : 0;
  return (
    <span className="tracker-Row-progress" data-state={sweep.state}>
      <span
        className="tracker-Row-part"
        style={{ width: `${String(100 * part)}%` }}
        aria-hidden="true"
      />
      <span className="tracker-Row-done">
        {expected === null ? String(done) : `${String(done)}/${String(expected)}`}
      </span>
    </span>
  );
}

export function sweepTitle(sweep: ISweep): string {
  const { id, name, method, state, metric, best, done, running, expected } = sweep;
  const of = expected === null ? '' : ` of ${String(expected)}`;
  return [
    name === id ? `Sweep ${id}` : `Sweep ${name} (${id})`,
    `${method}, ${state}`,
    `${String(done)}${of} trials done${running > 0 ? `, ${String(running)} running` : ''}`,
    ...(best === '' ? [] : [`best ${metric} ${best} (${sweep.isMaximized ? 'most' : 'least'})`]),
    `begun ${new Date(sweep.createdMs).toLocaleString()}`
  ].join('\n');
}
