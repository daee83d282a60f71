import { makeButton, makeElement } from '../element.ts';

/** Pixels that a pointer may move in a click. */
const CLICK_SLACK = 4;
/** One press or key, and the limits of the scale. */
const STEP = 1.25;
const SMALLEST = 0.15;
const LARGEST = 2.5;
/** Below this scale labels cannot be read: a larger picture begins with a part of it. */
const READABLE = 0.6;

interface Picture {
  /** Size at a scale of 1, in pixels. */
  width: number;
  height: number;
  /** How far down it one should look first. */
  middle: number;
  /** Names the frame to those who do not see it. */
  label: string;
  /** What the picture shows and how to move in it. */
  legend: string;
}

/**
 * Puts a picture into a frame that scrolls, so that touch, wheel, scroll bars and arrow keys move it as they move
 * any page; a mouse drags it, buttons, keys, and the wheel with Ctrl (which is how a pinch arrives) zoom.
 */
export function makePannable(
  picture: SVGElement,
  { width, height, middle, label, legend }: Picture,
): HTMLElement {
  const frame = makeElement(
    'div',
    { class: 'frame', tabindex: '0', role: 'region', 'aria-label': label },
    picture,
  );
  let scale = 1;

  /** Scales; the point of the picture at `x`, `y` of the frame stays where it is. */
  const zoom = (wanted: number, x = frame.clientWidth / 2, y = frame.clientHeight / 2): void => {
    const next = Math.min(Math.max(wanted, SMALLEST), LARGEST);
    const [left, top] = [(frame.scrollLeft + x) / scale, (frame.scrollTop + y) / scale];
    scale = next;
    picture.setAttribute('width', String(Math.ceil(width * scale)));
    picture.setAttribute('height', String(Math.ceil(height * scale)));
    frame.scrollTo(left * scale - x, top * scale - y);
  };
  const fitting = (): number => Math.min(1, (frame.clientWidth - 1) / width, frameHeight(frame) / height);
  const begin = (): void => {
    zoom(Math.max(fitting(), READABLE));
    frame.scrollTo(0, middle * scale - frame.clientHeight / 2);
  };
  const actions: [name: string, key: string, act: () => void][] = [
    ['Zoom in', '+', () => zoom(scale * STEP)],
    ['Zoom out', '-', () => zoom(scale / STEP)],
    ['See all', '0', () => zoom(fitting())],
  ];
  frame.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pressed = event.key === '=' ? '+' : event.key;
    for (const [, key, act] of actions) if (key === pressed) act();
  });
  frame.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, top } = frame.getBoundingClientRect();
      zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
    },
    { passive: false },
  );
  letMouseDrag(frame);
  // Its size is known once it is on the page.
  requestAnimationFrame(begin);
  const buttons = actions.map(([name, , act]) => makeButton('', name, act));
  const bar = makeElement('div', 'zoom no-print', buttons);
  return makeElement('div', '', bar, frame, makeElement('p', 'note legend', legend));
}

/** The height that the frame may grow to. */
function frameHeight(frame: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(frame).maxHeight) || frame.clientHeight;
}

function letMouseDrag(frame: HTMLElement): void {
  let start: { x: number; y: number; left: number; top: number } | undefined;
  let dragged = false;
  frame.addEventListener('dragstart', (event) => event.preventDefault());
  frame.addEventListener('pointerdown', (event) => {
    dragged = false;
    if (event.pointerType !== 'mouse' || event.button !== 0) return;
    start = { x: event.clientX, y: event.clientY, left: frame.scrollLeft, top: frame.scrollTop };
  });
  frame.addEventListener('pointermove', (event) => {
    if (!start) return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    if (!dragged && Math.hypot(x, y) < CLICK_SLACK) return;
    if (!dragged) frame.setPointerCapture(event.pointerId);
    dragged = true;
    frame.classList.add('dragged');
    frame.scrollTo(start.left - x, start.top - y);
  });
  const stop = (): void => {
    start = undefined;
    frame.classList.remove('dragged');
  };
  frame.addEventListener('pointerup', stop);
  frame.addEventListener('pointercancel', stop);
  // A drag that began on a link is not a click on it.
  frame.addEventListener('click', (event) => dragged && event.preventDefault(), { capture: true });
}
