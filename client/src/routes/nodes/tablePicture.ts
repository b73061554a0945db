/** Where everybody sits: the hub in the middle of the table, workers around it, plates passed along the pipelines. */
import type { Activity, Deployment, Link, Node } from '@potluck/api';
import { comma } from '#lib/language/marks.ts';
import { holds, LabelSpace, type Box } from './placeLabels.ts';
import { linesUnder, placeSeatTexts, type SeatTexts } from './seatTexts.ts';
import { describeLink, describeMeasured, linkQuality, type LinkQuality } from './linkQuality.ts';

export interface Point {
  x: number;
  y: number;
}

export interface Seat extends Point {
  node: Node;
  texts: SeatTexts;
}

/** A way that tokens take between two seats, or between the hub and a seat. */
export interface Course {
  id: string;
  /** SVG path data. */
  path: string;
  kind: 'direct' | 'relayed' | 'connecting' | 'lost' | 'hub';
  quality: LinkQuality;
  /** Of the line, in pixels: the more the link carries, the wider. */
  width: number;
  /** The course in words. */
  description: string;
  /** True while an answer runs along it. */
  flows: boolean;
  /** What was measured; `short` for a narrow picture. */
  label?: { at: Point; text: string; short: string };
}

export interface TablePicture {
  hub: Point;
  table: { rx: number; ry: number };
  /** Of a plate, in pixels. */
  radius: number;
  seats: Seat[];
  courses: Course[];
}

/** Of the hub, in pixels. */
export const hubRadius = 42;
/** Links and labels keep so far from the middle of the hub, in pixels. */
const clearance = hubRadius + 30;
/** Room for a seat and its two lines of text, in pixels. */
const seatMargin = { x: 76, y: 66 };

/**
 * Lays the table.
 * @param size of the picture, in pixels
 * @param stateOf what stands below the name of a node that holds no layers
 */
export function layTable(
  nodes: readonly Node[],
  deployments: readonly Deployment[],
  running: readonly Activity[],
  size: { width: number; height: number },
  stateOf: (node: Node) => string = () => '',
): TablePicture {
  const hub = { x: size.width / 2, y: size.height / 2 };
  const table = { rx: hub.x - seatMargin.x, ry: hub.y - seatMargin.y };
  const places = inPipelineOrder(nodes, deployments).map((node, index, all) => {
    // The first sits at the left; a full round is shared evenly.
    const angle = Math.PI + (2 * Math.PI * index) / all.length;
    return {
      node,
      x: round(hub.x + table.rx * Math.cos(angle)),
      y: round(hub.y + table.ry * Math.sin(angle)),
    };
  });
  const radius = radiusOf(places);
  const space = new LabelSpace(size, [
    around(hub, hubRadius),
    ...places.map((place) => around(place, radius)),
  ]);
  const texts = placeSeatTexts(
    places.map(({ node, x, y }) => {
      const lines = node.stages.length > 0 ? linesUnder(node.stages) : [stateOf(node)];
      return { x, y, name: node.name, lines: lines.filter((line) => line !== '') };
    }),
    radius,
    space,
  );
  const seats = places.map((place, index) => ({ ...place, texts: texts[index] as SeatTexts }));
  const courses = layCourses(seats, hub, deployments, running);
  return {
    ...{ hub, table, radius, seats },
    courses: withLabelsApart(courses, space, size.width < narrowWidth),
  };
}

/** Of a plate where there is room, and where there is little. */
const plateRadius = { most: 30, least: 12 };
/** Between two plates, in pixels. */
const plateGap = 6;

/** How high the picture is, in pixels: the more sit at the table, the larger it is. */
export function heightOf(count: number, width: number): number {
  return width < narrowWidth
    ? Math.min(1000, Math.max(380, 140 + 60 * count))
    : Math.min(900, Math.max(420, 240 + 25 * count));
}

/** As large as plates can be without one lying on another. */
function radiusOf(places: readonly Point[]): number {
  const gaps = places.map((place, index) => distance(place, places[(index + 1) % places.length] ?? place));
  const least = Math.min(...gaps.filter((gap) => gap > 0), Infinity);
  return Math.max(plateRadius.least, Math.min(plateRadius.most, (least - plateGap) / 2));
}

const around = ({ x, y }: Point, radius: number): Box => ({
  x: x - radius,
  y: y - radius,
  width: 2 * radius,
  height: 2 * radius,
});

/**
 * Measured labels beside their links, where they cover neither seat, hub, another text nor the way back of their link; else they are
 * left out.
 */
function withLabelsApart(courses: readonly LaidCourse[], space: LabelSpace, isNarrow: boolean): Course[] {
  return courses.map(({ points, wayBack, ...laid }) => {
    const { label, ...course } = laid;
    if (!label) return course;
    const back = courses.find(({ id }) => id === wayBack)?.points ?? [];
    const isOwn = (at: Point, box: Box): boolean =>
      back.every((point) => !holds(box, point)) && nearest(points, at) <= nearest(back, at);
    const text = isNarrow ? label.short : label.text;
    // Half on its way is the best place; beside a way back, there may be room only nearer to its ends.
    const along = back.length === 0 ? [] : [0.35, 0.65, 0.25, 0.75].map((part) => pointAt(points, part));
    const places = [label.at, ...along].flatMap(placesNear);
    const at = space.place({ texts: [text], places, mayStand: isOwn });
    return at ? { ...course, label: { ...label, at: { x: at.x, y: at.y } } } : course;
  });
}

const pointAt = (points: readonly Point[], part: number): Point =>
  points[Math.round((points.length - 1) * part)] ?? { x: 0, y: 0 };

const nearest = (points: readonly Point[], at: Point): number =>
  Math.min(Infinity, ...points.map((point) => distance(point, at)));

/** Pictures that are narrower show short labels. */
export const narrowWidth = 600;

/** The place itself, and then rings around it. */
function placesNear(at: Point): Point[] {
  const rings = [18, 36, 54, 72].flatMap((radius) =>
    Array.from({ length: 8 }, (_, index) => {
      const angle = (index * Math.PI) / 4 + Math.PI / 2;
      return { x: at.x + radius * Math.cos(angle), y: at.y + radius * Math.sin(angle) };
    }),
  );
  return [at, ...rings];
}

/** Neighbours in a pipeline sit beside each other. */
function inPipelineOrder(nodes: readonly Node[], deployments: readonly Deployment[]): Node[] {
  const order = deployments
    .flatMap(({ replicas }) => replicas)
    .flatMap(({ stages }) => stages.map(({ nodeId }) => nodeId));
  const place = (id: string): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return [...nodes].sort(
    (one, other) => place(one.id) - place(other.id) || one.name.localeCompare(other.name),
  );
}

/** A course, with what is needed to find the place of its label. */
interface LaidCourse extends Course {
  /** Along it, some pixels from each other. */
  points: readonly Point[];
  /** The course of the other direction. */
  wayBack?: string | undefined;
}

/** A way that is taken, before it is drawn. */
interface Way {
  /** Undefined: the hub. */
  from: Seat | undefined;
  to: Seat;
  flows: boolean;
}

function layCourses(
  seats: readonly Seat[],
  hub: Point,
  deployments: readonly Deployment[],
  running: readonly Activity[],
): LaidCourse[] {
  const seatOf = new Map(seats.map((seat) => [seat.node.id, seat]));
  const ways = new Map<string, Way>();
  const take = (id: string, from: Seat | undefined, to: Seat, flows: boolean): void =>
    void ways.set(id, { from, to, flows: flows || ways.get(id)?.flows === true });
  for (const { stages } of deployments.flatMap(({ replicas }) => replicas)) {
    const stops = stages.map(({ nodeId }) => seatOf.get(nodeId)).filter((seat) => seat !== undefined);
    const flows = running.some(({ nodeIds }) => nodeIds.join() === stages.map(({ nodeId }) => nodeId).join());
    const [first] = stops;
    if (!first) continue;
    take(`hub>${first.node.id}`, undefined, first, flows);
    for (const [index, from] of stops.entries()) {
      // The last passes its token back to the first.
      const to = stops[(index + 1) % stops.length];
      if (to && to !== from) take(idOf(from, to), from, to, flows);
    }
  }
  return [...ways].map(([id, { from, to, flows }]) => {
    if (!from) return { id, flows, ...layCourseOfHub(hub, to) };
    const wayBack = ways.has(idOf(to, from)) ? idOf(to, from) : undefined;
    const isBothWays = wayBack !== undefined && isRelayed(from, to) === isRelayed(to, from);
    return { id, flows, wayBack, ...layCourse(from, to, hub, isBothWays) };
  });
}

const idOf = (from: Seat, to: Seat): string => `${from.node.id}>${to.node.id}`;

const linkOf = (from: Seat, to: Seat): Link | undefined =>
  from.node.peers.find(({ id }) => id === to.node.id);

/** Relayed frames really go through the hub; all others go past it. */
const isRelayed = (from: Seat, to: Seat): boolean => linkOf(from, to)?.state === 'relayed';

function layCourseOfHub(hub: Point, first: Seat): Omit<LaidCourse, 'id' | 'flows'> {
  return {
    points: [],
    path: `M${round(hub.x)} ${round(hub.y)} L${round(first.x)} ${round(first.y)}`,
    kind: 'hub',
    quality: 'unknown',
    width: 1.5,
    description: `the hub to ${first.node.name}`,
  };
}

/** @param isBothWays the way back is drawn too, and beside this one */
function layCourse(from: Seat, to: Seat, hub: Point, isBothWays: boolean): Omit<LaidCourse, 'id' | 'flows'> {
  const link = linkOf(from, to);
  const top = topOf(from, to, hub, isBothWays);
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  // A curve of this kind comes half as far as the point that bends it.
  const control = { x: 2 * top.x - middle.x, y: 2 * top.y - middle.y };
  const path = `M${round(from.x)} ${round(from.y)} Q${round(control.x)} ${round(control.y)} ${round(to.x)} ${round(to.y)}`;
  const measured = link ? describeMeasured(link) : [];
  const [short] = measured;
  const at = clearOf(hub, top, rightOf(from, to));
  return {
    path,
    points: alongCurve(from, control, to),
    kind: link?.state ?? 'connecting',
    quality: link ? linkQuality(link) : 'unknown',
    width: widthOf(link?.bytesPerSecond ?? undefined),
    description: `${from.node.name} to ${to.node.name}: ${link ? describeLink(link) : 'not connected'}`,
    ...(short === undefined ? {} : { label: { at, text: measured.join(comma), short } }),
  };
}

/** Points of the quadratic curve that SVG draws. */
function alongCurve(from: Point, control: Point, to: Point): Point[] {
  const steps = Math.ceil((distance(from, control) + distance(control, to)) / 8);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const part = step / steps;
    const on = (axis: 'x' | 'y'): number =>
      (1 - part) ** 2 * from[axis] + 2 * part * (1 - part) * control[axis] + part ** 2 * to[axis];
    return { x: on('x'), y: on('y') };
  });
}

/** Between the two directions of a link, in pixels. */
const apart = 34;

/** Where a course is farthest from the straight line between its ends: half on its way. */
function topOf(from: Seat, to: Seat, hub: Point, isBothWays: boolean): Point {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const right = rightOf(from, to);
  if (isRelayed(from, to)) {
    const half = { x: (middle.x + hub.x) / 2, y: (middle.y + hub.y) / 2 };
    return isBothWays ? moved(half, right, apart / 2) : half;
  }
  const far = distance(middle, hub);
  // Seats that face each other: the link passes the hub at one side, the way back at the other.
  if (far < facing) return moved(hub, right, clearance);
  const outward = { x: (middle.x - hub.x) / far, y: (middle.y - hub.y) / far };
  const inner = Math.max(clearance, 0.825 * far);
  const isInner = !isBothWays || right.x * outward.x + right.y * outward.y < 0;
  return moved(hub, outward, isInner ? inner : inner + Math.min(apart, distance(from, to) / 3));
}

/** Seats face each other where the middle between them is so near to that of the hub, in pixels. */
const facing = 20;

/** The direction at the right of who goes from one seat to another; one pixel long. */
function rightOf(from: Point, to: Point): Point {
  const length = Math.max(1, distance(from, to));
  return { x: -(to.y - from.y) / length, y: (to.x - from.x) / length };
}

const moved = ({ x, y }: Point, direction: Point, by: number): Point => ({
  x: x + direction.x * by,
  y: y + direction.y * by,
});

/** The point, or one beyond it that is not too near to the hub. */
function clearOf(hub: Point, point: Point, otherwise: Point): Point {
  const far = distance(point, hub);
  if (far >= clearance) return point;
  const outward = far < 1 ? otherwise : { x: (point.x - hub.x) / far, y: (point.y - hub.y) / far };
  return moved(hub, outward, clearance);
}

const distance = (one: Point, other: Point): number => Math.hypot(one.x - other.x, one.y - other.y);

/** A pixel more for each factor of ten above 100 kB/s. */
function widthOf(bytesPerSecond: number | undefined): number {
  if (bytesPerSecond === undefined) return 2;
  return round(Math.min(5, Math.max(1.5, 1.5 + Math.log10(Math.max(1, bytesPerSecond) / 100e3))));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
