/** With which characters parts of a grammar begin, go on after they could end, and are followed. Pure. */
import type { GbnfNode } from './gbnfNode.ts';

/** Those of ASCII, and two that stand for all others. */
const samples = [...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), 'é', '日'];
type Signs = ReadonlySet<string>;
const none: Signs = new Set();
/** Over all rules: longer chains of rules are not followed to their end. */
const mostPasses = 12;

export class GbnfSigns {
  readonly #empty = new Set<string>();
  readonly #first = new Map<string, Set<string>>();
  readonly #tail = new Map<string, Set<string>>();
  readonly #follow = new Map<string, Set<string>>();
  readonly #classes = new Map<string, Signs>();

  /** @param isParted whether what follows within a rule matters: it does where the rule is no expression of its own */
  constructor(rules: ReadonlyMap<string, GbnfNode>, isParted: (name: string) => boolean) {
    this.#repeat(() => {
      for (const [name, node] of rules) {
        if (this.#canBeEmpty(node)) this.#empty.add(name);
        add(this.#first, name, this.#firstOf(node));
      }
    });
    this.#repeat(() => {
      for (const [name, node] of rules) add(this.#tail, name, this.#tailOf(node));
    });
    this.#repeat(() => {
      for (const [name, node] of rules) {
        if (isParted(name)) this.#walk(node, this.#follow.get(name) ?? none);
      }
    });
  }

  /** True where what follows a rule may begin like that with which the rule goes on. */
  isAmbiguous(name: string): boolean {
    const follow = this.#follow.get(name) ?? none;
    return [...(this.#tail.get(name) ?? none)].some((sign) => follow.has(sign));
  }

  /** Until nothing is added any more. */
  #repeat(work: () => void): void {
    const count = (): number =>
      [this.#first, this.#tail, this.#follow]
        .flatMap((one) => [...one.values()])
        .reduce((sum, { size }) => sum + size, this.#empty.size);
    for (let [before, pass] = [-1, 0]; before < count() && pass < mostPasses; pass++) {
      before = count();
      work();
    }
  }

  #canBeEmpty(node: GbnfNode): boolean {
    switch (node.type) {
      case 'text':
        return node.text === '';
      case 'class':
        return false;
      case 'rule':
        return this.#empty.has(node.name);
      case 'repeat':
        return node.least === 0 || this.#canBeEmpty(node.node);
      case 'sequence':
        return node.nodes.every((one) => this.#canBeEmpty(one));
      case 'choice':
        return node.nodes.some((one) => this.#canBeEmpty(one));
    }
  }

  #firstOf(node: GbnfNode): Signs {
    switch (node.type) {
      case 'text':
        return sampleOf(node.text);
      case 'class':
        return this.#classOf(node.pattern);
      case 'rule':
        return this.#first.get(node.name) ?? none;
      case 'repeat':
        return this.#firstOf(node.node);
      case 'choice':
        return joined(node.nodes.map((one) => this.#firstOf(one)));
      case 'sequence': {
        const end = node.nodes.findIndex((one) => !this.#canBeEmpty(one));
        const begins = end < 0 ? node.nodes : node.nodes.slice(0, end + 1);
        return joined(begins.map((one) => this.#firstOf(one)));
      }
    }
  }

  /** What a text that is complete may go on with. */
  #tailOf(node: GbnfNode): Signs {
    switch (node.type) {
      case 'text':
      case 'class':
        return none;
      case 'rule':
        return this.#tail.get(node.name) ?? none;
      case 'repeat': {
        const goesOn = node.most !== node.least;
        return joined([this.#tailOf(node.node), goesOn ? this.#firstOf(node.node) : none]);
      }
      case 'choice':
        return joined([
          ...node.nodes.map((one) => this.#tailOf(one)),
          longerTexts(node.nodes),
          this.#canBeEmpty(node) ? this.#firstOf(node) : none,
        ]);
      case 'sequence': {
        const start = node.nodes.findLastIndex((one) => !this.#canBeEmpty(one));
        const ends = node.nodes.slice(Math.max(0, start));
        const mayCome = ends.slice(1).map((one) => this.#firstOf(one));
        return joined([
          ...ends.map((one) => this.#tailOf(one)),
          ...(start < 0 ? [this.#firstOf(node)] : mayCome),
        ]);
      }
    }
  }

  #walk(node: GbnfNode, after: Signs): void {
    switch (node.type) {
      case 'text':
      case 'class':
        return;
      case 'rule':
        add(this.#follow, node.name, after);
        return;
      case 'repeat':
        this.#walk(node.node, node.most === 1 ? after : joined([after, this.#firstOf(node.node)]));
        return;
      case 'choice':
        for (const one of node.nodes) this.#walk(one, after);
        return;
      case 'sequence': {
        let next = after;
        for (const one of node.nodes.toReversed()) {
          this.#walk(one, next);
          next = this.#canBeEmpty(one) ? joined([this.#firstOf(one), next]) : this.#firstOf(one);
        }
      }
    }
  }

  #classOf(pattern: string): Signs {
    const known = this.#classes.get(pattern);
    if (known) return known;
    const expression = new RegExp(`^${pattern.replaceAll('\\x{', '\\u{')}$`, 'u');
    const signs = new Set(samples.filter((sign) => expression.test(sign)));
    this.#classes.set(pattern, signs);
    return signs;
  }
}

/** What a text among others goes on with in a longer one. */
function longerTexts(nodes: readonly GbnfNode[]): Signs {
  const texts = new Set(
    nodes.flatMap((node) => {
      const only = node.type === 'sequence' && node.nodes.length === 1 ? node.nodes[0] : node;
      return only?.type === 'text' ? [only.text] : [];
    }),
  );
  const lengths = new Set([...texts].map(({ length }) => length));
  const signs: Signs[] = [];
  for (const text of texts) {
    for (const length of lengths) {
      if (length < text.length && texts.has(text.slice(0, length))) signs.push(sampleOf(text.slice(length)));
    }
  }
  return joined(signs);
}

function sampleOf(text: string): Signs {
  const [sign] = text;
  if (sign === undefined) return none;
  return sign < '\x80' ? new Set([sign]) : new Set(['é', '日']);
}

function joined(all: readonly Signs[]): Signs {
  return new Set(all.flatMap((one) => [...one]));
}

function add(into: Map<string, Set<string>>, name: string, signs: Signs): void {
  const known = into.get(name) ?? new Set();
  for (const sign of signs) known.add(sign);
  into.set(name, known);
}
