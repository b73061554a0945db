/** Where everybody sits: the hub in the middle of the table, workers around it, plates passed along the pipelines. */
import type { Activity, Deployment, Link, Node } from '@potluck/api';
import { comma } from '#lib/language/marks.ts';
import { LabelSpace, type Box } from './placeLabels.ts';
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

/** Links and labels keep so far from the middle of the hub, in pixels: its radius is 38. */
const clearance = 68;
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

/** Of the hub, in pixels. */
export const hubRadius = 38;
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

/** Measured labels beside their links, where they cover neither seat, hub nor another text; else they are left out. */
function withLabelsApart(courses: readonly Course[], space: LabelSpace, isNarrow: boolean): Course[] {
  return courses.map(({ label, ...course }) => {
    if (!label) return course;
    const text = isNarrow ? label.short : label.text;
    const at = space.place({ texts: [text], places: placesNear(label.at) });
    return at ? { ...course, label: { ...label, at: { x: at.x, y: at.y } } } : course;
  });
}

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

function layCourses(
  seats: readonly Seat[],
  hub: Point,
  deployments: readonly Deployment[],
  running: readonly Activity[],
): Course[] {
  const seatOf = new Map(seats.map((seat) => [seat.node.id, seat]));
  const courses = new Map<string, Course>();
  for (const { stages } of deployments.flatMap(({ replicas }) => replicas)) {
    const stops = stages.map(({ nodeId }) => seatOf.get(nodeId)).filter((seat) => seat !== undefined);
    const flows = running.some(({ nodeIds }) => nodeIds.join() === stages.map(({ nodeId }) => nodeId).join());
    const [first, last] = [stops[0], stops.at(-1)];
    if (!first || !last) continue;
    add(courses, `hub>${first.node.id}`, flows, () => ({
      path: line(hub, first),
      kind: 'hub',
      quality: 'unknown',
      width: 1.5,
      description: `the hub to ${first.node.name}`,
    }));
    for (const [index, from] of stops.entries()) {
      // The last passes its token back to the first.
      const to = stops[(index + 1) % stops.length];
      if (!to || to === from) continue;
      add(courses, `${from.node.id}>${to.node.id}`, flows, () => layCourse(from, to, hub));
    }
  }
  return [...courses.values()];
}

function add(
  courses: Map<string, Course>,
  id: string,
  flows: boolean,
  lay: () => Omit<Course, 'id' | 'flows'>,
): void {
  const present = courses.get(id);
  if (present) present.flows ||= flows;
  else courses.set(id, { id, flows, ...lay() });
}

function layCourse(from: Seat, to: Seat, hub: Point): Omit<Course, 'id' | 'flows'> {
  const link: Link | undefined = from.node.peers.find(({ id }) => id === to.node.id);
  const kind = link?.state ?? 'connecting';
  // A relayed frame really goes through the hub.
  const bend = kind === 'relayed' ? 1 : 0.35;
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const bent = { x: middle.x + (hub.x - middle.x) * bend, y: middle.y + (hub.y - middle.y) * bend };
  const isAcross = kind !== 'relayed' && distance(middle, hub) < clearance;
  // Seats that face each other: the link passes the hub at one side, the way back at the other.
  const control = isAcross ? beside(hub, from, to, 2 * clearance) : bent;
  const onCurve = { x: (middle.x + control.x) / 2, y: (middle.y + control.y) / 2 };
  const at = distance(onCurve, hub) < clearance ? beside(hub, from, to, clearance) : onCurve;
  const path = `M${round(from.x)} ${round(from.y)} Q${round(control.x)} ${round(control.y)} ${round(to.x)} ${round(to.y)}`;
  const measured = link ? describeMeasured(link) : [];
  const [short] = measured;
  return {
    path,
    kind,
    quality: link ? linkQuality(link) : 'unknown',
    width: widthOf(link?.bytesPerSecond ?? undefined),
    description: `${from.node.name} to ${to.node.name}: ${link ? describeLink(link) : 'not connected'}`,
    ...(short === undefined ? {} : { label: { at, text: measured.join(comma), short } }),
  };
}

/** A point beside the hub, at the right of who goes from one seat to another. */
function beside(hub: Point, from: Point, to: Point, by: number): Point {
  const length = Math.max(1, distance(from, to));
  return { x: hub.x - ((to.y - from.y) / length) * by, y: hub.y + ((to.x - from.x) / length) * by };
}

const distance = (one: Point, other: Point): number => Math.hypot(one.x - other.x, one.y - other.y);

/** A pixel more for each factor of ten above 100 kB/s. */
function widthOf(bytesPerSecond: number | undefined): number {
  if (bytesPerSecond === undefined) return 2;
  return round(Math.min(5, Math.max(1.5, 1.5 + Math.log10(Math.max(1, bytesPerSecond) / 100e3))));
}

function line(from: Point, to: Point): string {
  return `M${round(from.x)} ${round(from.y)} L${round(to.x)} ${round(to.y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
