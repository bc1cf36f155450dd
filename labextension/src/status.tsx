import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { trackerIcon } from './icon';
import type { BrowserModel } from './model';
import { formatCount } from './words';

const MOST_NAMES = 10;

/** How many runs are running, in the status bar; a click opens the sidebar. */
export class RunningItem extends ReactWidget {
  constructor(
    private readonly model: BrowserModel,
    private readonly onClick: () => void
  ) {
    super();
    this.addClass('tracker-Status');
  }

  protected override render(): React.JSX.Element {
    return (
      <UseSignal signal={this.model.changed}>
        {() => (
          <button type="button" title={this.caption} onClick={this.onClick}>
            <trackerIcon.react tag="span" className="tracker-Status-icon" />
            {`${formatCount(this.model.running.length, 'run', 'runs')} running`}
          </button>
        )}
      </UseSignal>
    );
  }

  private get caption(): string {
    const { running } = this.model;
    const rest = running.length - MOST_NAMES;
    return [
      ...running.slice(0, MOST_NAMES),
      ...(rest > 0 ? [`and ${String(rest)} more`] : [])
    ].join('\n');
  }
}
