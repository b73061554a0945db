import type { Activity, Deployment, Node } from '@potluck/api';
import { expect, test } from 'vitest';
import { overlap, textBox } from './placeLabels.ts';
import { layTable, linesUnder } from './tablePicture.ts';

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

test.each([360, 800, 1200])(
  'no label covers a seat, its texts, the hub or another label, %i pixels wide',
  (width) => {
    const peer = { state: 'direct', roundTripMs: 0.5, bytesPerSecond: 62e6 } as const;
    for (let count = 2; count <= 8; count += 1) {
      const ids = Array.from({ length: count }, (_, index) => `device-${index}`);
      const nodes = ids.map((id) =>
        node(
          id,
          ids.map((other) => ({ id: other, ...peer })),
        ),
      );
      const { courses, seats, hub } = layTable(nodes, [deployment(...ids)], [], { width, height: 400 });
      const labels = courses.flatMap(({ label }) =>
        label ? [textBox(label.at, width < 600 ? label.short : label.text)] : [],
      );
      if (count === 2) expect(labels).toHaveLength(2);
      const others = [
        { x: hub.x - 38, y: hub.y - 38, width: 76, height: 76 },
        ...seats.map(({ x, y }) => ({ x: x - 30, y: y - 30, width: 60, height: 60 })),
      ];
      for (const [index, label] of labels.entries())
        for (const other of [...others, ...labels.slice(index + 1)])
          expect(overlap(label, other)).toBe(false);
    }
  },
);

test('layers of several models stand below their names', () => {
  const stage = (model: string, firstLayer: number, lastLayer: number) => ({ model, firstLayer, lastLayer });
  expect(linesUnder([stage('a', 0, 3), stage('a', 8, 8)])).toEqual(['layers 0–3, 8']);
  expect(linesUnder([stage('a', 0, 3), stage('b', 2, 5)])).toEqual(['a: 0–3', 'b: 2–5']);
  expect(linesUnder(['a', 'b', 'c', 'd'].map((id) => stage(id, 0, 1)))).toEqual([
    ...['a: 0–1', 'b: 0–1'],
    'and 2 more models',
  ]);
});
