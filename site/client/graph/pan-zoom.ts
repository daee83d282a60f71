import { makeButton, makeElement } from '../element.ts';

/** Distance, in pixels, that a pointer may move during a click. */
const CLICK_SLACK = 4;
/** Zoom factor of one button press or key, and the limits of the scale. */
const STEP = 1.25;
const SMALLEST = 0.15;
const LARGEST = 2.5;
/**
 * Smallest scale at which labels are readable. If the whole picture would be smaller, it starts with a part.
 */
const READABLE = 0.6;

interface Picture {
  /** Size at a scale of 1, in pixels. */
  width: number;
  height: number;
  /** Vertical position to show first. */
  middle: number;
  /** Label of the frame for screen readers. */
  label: string;
  /** Explanation of the picture and its controls. */
  legend: string;
}

/**
 * Puts a picture into a scrolling frame, so that touch, wheel, scroll bars and arrow
 * keys work as on any page. The mouse drags it; buttons, keys, and the wheel with Ctrl
 * (the form in which browsers report a pinch) zoom.
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

  /** Changes the scale, keeping the point of the picture at `x`, `y` of the frame in place. */
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
  // The size is known only when the frame is on the page.
  requestAnimationFrame(begin);
  const buttons = actions.map(([name, , act]) => makeButton('', name, act));
  const bar = makeElement('div', 'zoom no-print', buttons);
  return makeElement('div', '', bar, frame, makeElement('p', 'note legend', legend));
}

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
  // A drag that began on a link must not open it.
  frame.addEventListener('click', (event) => dragged && event.preventDefault(), { capture: true });
}
