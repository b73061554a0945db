import type { Activity, Deployment, Node } from '@potluck/api';
import { expect, test } from 'vitest';
import { inLanguage } from '#lib/language/inLanguage.ts';
import { overlap, textBox } from './placeLabels.ts';
import { linesUnder } from './seatTexts.ts';
import { heightOf, hubRadius, layTable } from './tablePicture.ts';

const size = { width: 800, height: 400 };

function node(id: string, peers: Partial<Node['peers'][number]>[] = []): Node {
  return { id, name: id, peers, stages: [] as Node['stages'] } as Node;
}

function deployment(...nodeIds: string[]): Deployment {
  return { replicas: [{ stages: nodeIds.map((nodeId) => ({ nodeId })) }] } as Deployment;
}

test('nodes sit in the order of the pipeline, the others after them', () => {
  const picture = layTable(
    [node('c'), node('idle'), node('b'), node('a')],
    [deployment('a', 'b', 'c')],
    [],
    size,
  );
  expect(picture.seats.map(({ node: { id } }) => id)).toEqual(['a', 'b', 'c', 'idle']);
});

test('everybody sits inside the picture', () => {
  for (let count = 1; count <= 20; count += 1) {
    const nodes = Array.from({ length: count }, (_, index) => node(`node ${index}`));
    for (const { x, y } of layTable(nodes, [], [], size).seats) {
      expect(x).toBeGreaterThan(30);
      expect(x).toBeLessThan(size.width - 30);
      expect(y).toBeGreaterThan(30);
      expect(y).toBeLessThan(size.height - 30);
    }
  }
});

test('courses lead from the hub along the pipeline and back to its beginning', () => {
  const nodes = [
    node('a', [{ id: 'b', state: 'direct', roundTripMs: 0.5, bytesPerSecond: 62e6 }]),
    node('b', [{ id: 'a', state: 'relayed', roundTripMs: 150, bytesPerSecond: 200e3 }]),
  ];
  const { courses } = layTable(nodes, [deployment('a', 'b')], [], size);
  expect(courses.map(({ id, kind }) => [id, kind])).toEqual([
    ['hub>a', 'hub'],
    ['a>b', 'direct'],
    ['b>a', 'relayed'],
  ]);
  expect(courses.map(({ quality }) => quality)).toEqual(['unknown', 'good', 'poor']);
  expect(courses[1]?.label?.text).toBe('0.5 ms, 62 MB/s');
  expect(courses[1]?.width).toBeGreaterThan(courses[2]?.width ?? Infinity);
  expect(courses[2]?.description).toBe('b to a: through the hub, 150 ms, 200 kB/s, a poor link');
});

test('tokens flow where an answer runs, and only there', () => {
  const running = [{ nodeIds: ['a', 'b'] } as Activity];
  const { courses } = layTable(
    [node('a'), node('b'), node('c')],
    [deployment('a', 'b'), deployment('c')],
    running,
    size,
  );
  expect(courses.filter(({ flows }) => flows).map(({ id }) => id)).toEqual(['hub>a', 'a>b', 'b>a']);
});

test('a pipeline of one stage is a course to it alone', () => {
  const { courses } = layTable([node('a')], [deployment('a')], [], size);
  expect(courses.map(({ id }) => id)).toEqual(['hub>a']);
});

test('between two nodes, links and what was measured of them keep clear of the hub', () => {
  const peer = { state: 'direct', roundTripMs: 0.5, bytesPerSecond: 62e6 } as const;
  const nodes = [node('a', [{ id: 'b', ...peer }]), node('b', [{ id: 'a', ...peer }])];
  const { courses, hub } = layTable(nodes, [deployment('a', 'b')], [], size);
  const links = courses.filter(({ kind }) => kind === 'direct');
  expect(links).toHaveLength(2);
  const [there, back] = links.map(({ label }) => label?.at ?? hub);
  for (const at of [there ?? hub, back ?? hub])
    expect(Math.hypot(at.x - hub.x, at.y - hub.y)).toBeGreaterThan(60);
  expect(Math.sign((there?.y ?? 0) - hub.y)).toBe(-Math.sign((back?.y ?? 0) - hub.y));
});

/** Points of a course, as SVG draws it. */
function pointsOf(path: string): { x: number; y: number }[] {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0] = path.match(/-?[\d.]+/g)?.map(Number) ?? [];
  return Array.from({ length: 101 }, (_, step) => {
    const part = step / 100;
    const on = (from: number, control: number, to: number): number =>
      (1 - part) ** 2 * from + 2 * part * (1 - part) * control + part ** 2 * to;
    return { x: on(x0, x1, x2), y: on(y0, y1, y2) };
  });
}

test.each([356, 1140])(
  'both directions of a link are lines of their own, with a label each, %i pixels wide',
  (width) => {
    const size = { width, height: heightOf(3, width) };
    for (const states of [
      ['direct', 'direct'],
      ['relayed', 'relayed'],
      ['direct', 'relayed'],
    ] as const) {
      const [there, back] = states.map((state) => ({ state, roundTripMs: 0.5, bytesPerSecond: 62e6 }));
      const nodes = [node('a', [{ id: 'b', ...there }]), node('b', [{ id: 'a', ...back }]), node('c', [])];
      // The pair sits at each place of the table in turn.
      for (const order of [
        ['a', 'b', 'c'],
        ['c', 'a', 'b'],
        ['a', 'c', 'b'],
      ]) {
        const plan = [{ replicas: order.map((id) => ({ stages: [{ nodeId: id }] })) } as Deployment];
        const { courses, hub } = layTable(nodes, [...plan, deployment('a', 'b')], [], size);
        const links = courses.filter(({ id }) => id === 'a>b' || id === 'b>a');
        const lines = links.map(({ path }) => pointsOf(path));
        const gap = (point: { x: number; y: number }, line: number): number =>
          Math.min(...(lines[line] ?? []).map(({ x, y }) => Math.hypot(x - point.x, y - point.y)));
        const what = `${states.join()} ${order.join()}`;
        // Half on their way; at the plates all lines meet.
        expect(gap(lines[0]?.[50] ?? hub, 1), what).toBeGreaterThan(20);
        for (const [line, { label }] of links.entries()) {
          expect(label, what).toBeDefined();
          if (!label) continue;
          expect(gap(label.at, line), what).toBeLessThan(gap(label.at, 1 - line));
        }
        for (const [line, { kind }] of links.entries())
          if (kind === 'direct') expect(gap(hub, line), what).toBeGreaterThan(hubRadius);
      }
    }
  },
);

/** Nodes that are all linked, each with some models. */
function crowd(count: number, models: number, nameOf = (index: number): string => `device-${index}`): Node[] {
  const peer = { state: 'direct', roundTripMs: 0.5, bytesPerSecond: 62e6 } as const;
  const ids = Array.from({ length: count }, (_, index) => nameOf(index));
  const stages = Array.from({ length: models }, (_, index) => ({
    ...{ model: `onnx-community/model-${index}-ONNX`, firstLayer: 3 * index, lastLayer: 3 * index + 2 },
  })) as Node['stages'];
  return ids.map((id) => ({
    ...node(
      id,
      ids.map((other) => ({ id: other, ...peer })),
    ),
    stages,
  }));
}

test.each([...[340, 800].flatMap((width) => [0, 1, 5].map((models) => [width, models] as const))])(
  'no text covers a plate, the hub or another text, %i pixels wide with %i models each',
  (width, models) => {
    for (const count of [1, 2, 3, 4, 5, 8, 13]) {
      for (const nameOf of [
        (index: number) => `device-${index}`,
        (index: number) => `the laptop of my great-aunt, number ${index}`,
        (index: number) => `姑妈的笔记本电脑，第${index}号`,
      ]) {
        const nodes = crowd(count, models, nameOf);
        const size = { width, height: heightOf(count, width) };
        const plan = [deployment(...nodes.map(({ id }) => id))];
        const { courses, seats, hub, radius } = layTable(nodes, plan, [], size, () => 'standby');
        const texts = [
          ...courses.flatMap(({ label }) =>
            label ? [textBox(label.at, width < 600 ? label.short : label.text)] : [],
          ),
          ...seats.flatMap(({ texts: { name } }) => (name ? [textBox(name, name.text, 13)] : [])),
          ...seats.flatMap(({ texts: { lines } }) => lines.map((line) => textBox(line, line.text))),
        ];
        const others = [
          { x: hub.x - hubRadius, y: hub.y - hubRadius, width: 2 * hubRadius, height: 2 * hubRadius },
          ...seats.map(({ x, y }) => ({
            x: x - radius,
            y: y - radius,
            width: 2 * radius,
            height: 2 * radius,
          })),
        ];
        const covered = texts.filter((text, index) =>
          [...others, ...texts.slice(index + 1)].some((other) => overlap(text, other)),
        );
        expect(covered).toEqual([]);
        // Everybody is named as long as there is room.
        if (count <= 8) expect(seats.every(({ texts: { name } }) => name)).toBe(true);
        if (count <= 4) expect(seats.every(({ texts: { lines } }) => lines.length > 0)).toBe(true);
      }
    }
  },
);

test('two nodes have the labels of both links between them', () => {
  for (const width of [360, 800]) {
    const nodes = crowd(2, 1);
    const { courses } = layTable(nodes, [deployment('device-0', 'device-1')], [], { width, height: 400 });
    expect(courses.filter(({ label }) => label)).toHaveLength(2);
  }
});

test.each(['en', 'zh'] as const)('a short label is the round trip alone in %s', async (language) => {
  const { layTable: layIt } = await inLanguage(language, () => import('./tablePicture.ts'));
  const { courses } = layIt(crowd(2, 1), [deployment('device-0', 'device-1')], [], size);
  expect(courses.flatMap(({ label }) => (label ? [label.short] : []))).toEqual(['0.5 ms', '0.5 ms']);
});

test('plates of a crowd are smaller, and none lies on another', () => {
  for (const width of [340, 800]) {
    for (let count = 2; count <= 16; count += 1) {
      const size = { width, height: heightOf(count, width) };
      const { seats, radius } = layTable(crowd(count, 0), [], [], size);
      for (const [index, one] of seats.entries())
        for (const other of seats.slice(index + 1))
          expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(2 * radius);
    }
  }
});

test('layers of several models stand below their names', () => {
  const stage = (model: string, firstLayer: number, lastLayer: number) => ({ model, firstLayer, lastLayer });
  expect(linesUnder([stage('a', 0, 3), stage('a', 8, 8)])).toEqual(['layers 0–3, 8']);
  expect(linesUnder([stage('a', 0, 3), stage('b', 2, 5)])).toEqual(['a: 0–3', 'b: 2–5']);
  expect(linesUnder(['a', 'b', 'c', 'd'].map((id) => stage(id, 0, 1)))).toEqual([
    ...['a: 0–1', 'b: 0–1'],
    'and 2 more models',
  ]);
});
