import {
  areaY,
  axisX,
  axisY,
  barX,
  lineY,
  plot,
  rectY,
  ruleX,
  ruleY,
  text,
  type PlotOptions,
} from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import prettyBytes from 'pretty-bytes';

/** Sizes in units of the drawing: wide enough for a column, narrow enough to be read on a phone. */
const WIDTH = 400;
const HEIGHT = 220;
const ROW_HEIGHT = 24;
const AXIS_HEIGHT = 24;
const CHARACTER_WIDTH = 7.2;
const LONGEST_LABEL = 18;

/** A value at a point in time. */
export interface Point {
  date: Date;
  value: number;
}

/** Label of a chart, and the format of its values. */
export interface ChartText {
  /** Text for people who cannot see the chart. */
  label: string;
  format: (value: number) => string;
}

/** Minimum number of points for an area. With fewer, it would be a sliver or a dot. */
const FEWEST_OF_AREA = 5;

/** Draws a quantity that grows over time, as an area or, if there are few points, as bars. */
export function drawGrowth(points: readonly Point[], chart: ChartText & { step: Step }): string {
  if (points.length < FEWEST_OF_AREA) return drawSteps(points, chart);
  return draw(chart.label, {
    height: HEIGHT,
    marks: [
      ...valueAxis(chart.format),
      axisX({ ticks: 5 }),
      areaY(points, { x: 'date', y: 'value', fill: 'var(--accent)', fillOpacity: 0.15 }),
      lineY(points, { x: 'date', y: 'value', stroke: 'var(--accent)', strokeWidth: 2 }),
      ruleY([0]),
    ],
  });
}

/** Time between two points. */
export type Step = 'week' | 'month';

/** Draws a quantity per week or month, as bars. */
export function drawSteps(
  points: readonly Point[],
  { label, format, step }: ChartText & { step: Step },
): string {
  return draw(label, {
    height: HEIGHT,
    marks: [
      ...valueAxis(format),
      axisX({ ticks: Math.min(points.length, 5) }),
      rectY(points, { x: 'date', y: 'value', interval: step, fill: 'var(--accent)' }),
      ruleY([0]),
    ],
  });
}

/** Draws groups as bars, the first one on top. */
export function drawBars(
  groups: readonly { name: string; value: number }[],
  { label, format }: ChartText,
): string {
  const rows = groups.map(({ name, value }, index) => ({ key: String(index), name: shorten(name), value }));
  const longest = Math.max(0, ...rows.map(({ name }) => name.length));
  return draw(label, {
    height: ROW_HEIGHT * rows.length + AXIS_HEIGHT,
    marginTop: 0,
    marginBottom: AXIS_HEIGHT,
    marginLeft: Math.round(longest * CHARACTER_WIDTH) + 12,
    marginRight: 56,
    y: { type: 'band', domain: rows.map(({ key }) => key), padding: 0.25, label: null },
    marks: [
      axisX({ ticks: 4, label: null, tickFormat: format, tickSize: 0 }),
      axisY({ tickSize: 0, label: null, tickFormat: (key: string) => rows[Number(key)]?.name ?? '' }),
      barX(rows, { x: 'value', y: 'key', fill: 'var(--accent)' }),
      text(rows, { x: 'value', y: 'key', text: ({ value }) => format(value), dx: 5, textAnchor: 'start' }),
      ruleX([0]),
    ],
  });
}

/** A size for the axis of a chart. */
export function axisSize(bytes: number): string {
  return prettyBytes(bytes, { maximumFractionDigits: 1 });
}

function valueAxis(format: (value: number) => string): NonNullable<PlotOptions['marks']> {
  return [axisY({ ticks: 4, label: null, tickFormat: format, tickSize: 0 })];
}

/**
 * Draws to SVG text. Colours come from the page, so that they fit both themes.
 * The style sheet that the library puts into each drawing is removed, because the
 * Content-Security-Policy forbids it; the page's style sheet has the same rules.
 */
function draw(label: string, options: PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const chart = plot({
    width: WIDTH,
    marginLeft: 52,
    marginBottom: 28,
    className: 'chart-plot',
    document,
    ...options,
  });
  for (const style of chart.querySelectorAll('style')) style.remove();
  // Only the whole picture has a label.
  for (const part of chart.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  chart.setAttribute('role', 'img');
  chart.setAttribute('aria-label', label);
  return chart.outerHTML;
}

function shorten(name: string): string {
  return name.length > LONGEST_LABEL ? `${name.slice(0, LONGEST_LABEL - 1)}…` : name;
}
