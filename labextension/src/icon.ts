import { LabIcon } from '@jupyterlab/ui-components';

export const trackerIcon = new LabIcon({
  name: 'notebook-tracker:icon',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g fill="none" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">
    <path class="jp-icon3" stroke="#616161" d="M4 4v16h16"/>
    <path class="jp-icon3" stroke="#616161" d="M8 7c1.2 6 3.2 8.2 6 8.2 2 0 3.6-.7 6-2.2"/>
  </g>
</svg>`
});
