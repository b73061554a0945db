// @ts-check
/**
 * Which folder may import which, for dependency-cruiser (`npm run lint`). Types count like everything else: whoever
 * needs a type of another folder depends on it.
 */

/** The hub's folders, from above: each may import those of the lines below it, and none beside or above it. */
const hubLayers = [
  ['wiring'],
  ['front'],
  ['http', 'database'],
  ['live', 'conversations'],
  ['generation'],
  ['pipelines'],
  ['models', 'workers'],
  ['network', 'accounts'],
  ['placement', 'settings', 'files', 'fairness', 'lead'],
  ['errors'],
];

/** What each part may import beside itself; folders that are not named here, such as bench and e2e, may import any. */
const imports = {
  'packages/api': [],
  'packages/machine': [],
  'packages/packaging': [],
  'packages/command-line': ['packages/api', 'packages/protocol', 'packages/machine'],
  'packages/protocol': [],
  'packages/onnx': ['packages/protocol'],
  'packages/engine': ['packages/protocol', 'packages/onnx'],
  'packages/worker': ['packages/protocol', 'packages/onnx', 'packages/engine'],
  'packages/node-worker': [
    'packages/protocol',
    'packages/onnx',
    'packages/engine',
    'packages/worker',
    'packages/machine',
    'packages/command-line',
  ],
  'packages/browser-worker': ['packages/protocol', 'packages/engine', 'packages/worker'],
  'packages/headless-browsers': [
    'packages/protocol',
    'packages/worker',
    'packages/machine',
    'packages/command-line',
    'packages/node-worker',
  ],
  hub: [
    'packages/api',
    'packages/protocol',
    'packages/onnx',
    'packages/machine',
    'packages/command-line',
    'packages/packaging',
  ],
  client: ['packages/api', 'packages/protocol', 'packages/browser-worker'],
};

/** The two ends of the protocol, and what shakes hands with a hub: their tests may run the other end, too. */
const ends = [
  'packages/machine',
  'hub',
  'packages/engine',
  'packages/worker',
  'packages/node-worker',
  'packages/headless-browsers',
];

/** Of the engine, what has no stage in it: the hub tries grammars before any worker sees them. */
const grammars = '^packages/engine/src/constraint/';

const parts = [...Object.keys(imports), 'bench', 'e2e', 'bin'];
/** Files that only tests import. */
const tests = '\\.(test|spec)\\.ts$|(^|/)testing/|^e2e/';

/** @param {readonly string[]} folders */
const within = (folders) => `^(${folders.join('|')})/`;

const betweenHubFolders = hubLayers.flatMap((layer, index) =>
  layer.map((folder) => ({
    name: `hub-${folder}`,
    comment: `hub/${folder} imports only from the lines below its own in hubLayers (layers.config.js).`,
    severity: 'error',
    from: { path: `^hub/${folder}/` },
    to: {
      path: within(
        hubLayers
          .slice(0, index + 1)
          .flat()
          .filter((other) => other !== folder)
          .map((other) => `hub/${other}`),
      ),
    },
  })),
);

const betweenParts = Object.entries(imports).flatMap(([part, allowed]) => {
  /** @param {readonly string[]} more */
  const others = (more) =>
    within(parts.filter((other) => other !== part && ![...allowed, ...more].includes(other)));
  const comment = `What ${part} may import is listed in layers.config.js.`;
  return [
    {
      name: part,
      comment,
      severity: 'error',
      from: { path: `^${part}/`, pathNot: tests },
      to: { path: others([]), ...(part === 'hub' ? { pathNot: grammars } : {}) },
    },
    {
      name: `tests-of-${part}`,
      comment,
      severity: 'error',
      from: { path: `^${part}/.*(${tests})` },
      to: { path: others(ends.includes(part) ? ends : []) },
    },
  ];
});

export default {
  forbidden: [
    ...betweenHubFolders.filter(({ to }) => to.path !== within([])),
    ...betweenParts,
    {
      name: 'hub-without-layer',
      comment: 'Each folder of the hub has its place in hubLayers (layers.config.js).',
      severity: 'error',
      from: { path: '^hub/', pathNot: within([...hubLayers.flat(), 'testing'].map((name) => `hub/${name}`)) },
      to: {},
    },
    {
      name: 'worker-without-engine',
      comment: 'The worker knows the types of a stage; what runs it is given by its host.',
      severity: 'error',
      from: { path: '^packages/worker/', pathNot: tests },
      to: { path: '^packages/engine/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'circle',
      comment: 'Files that import each other in a circle can only be understood and changed together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'camel-case',
      comment: 'Files are named in camelCase; only Svelte components are named like what they are.',
      severity: 'error',
      from: {},
      to: { path: '/[A-Z][^/]*[.]ts$', pathNot: '^node_modules/' },
    },
    {
      name: 'tests-stay-apart',
      comment: 'What runs at users must not need what is for tests.',
      severity: 'error',
      from: { pathNot: `${tests}|^testing/|^bench/` },
      to: { path: tests },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.svelte-kit|build|results)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
