/**
 * Which rules of a grammar are one expression each. The engine takes the longest text that such a rule matches, and GBNF does
 * not: where what follows may begin like that which goes on, the rule is parted. Pure.
 */
import { namesIn, type GbnfNode } from './gbnfNode.ts';
import { GbnfSigns } from './gbnfSigns.ts';
import { withoutCircles } from './withoutCircles.ts';

type Rules = Map<string, GbnfNode>;

/** Grammars with more are taken as they are: the search takes the hub's time. */
const [mostParts, mostRules] = [1000, 200];
/** Rules that are looked at more often than that are left as they are. */
const mostRounds = 4;

/** @param rules to which those are added that rules are parted into */
export function findTerminals(rules: Rules): Set<string> {
  const ambiguous = new Set<string>();
  for (let round = 0; ; round++) {
    const others = [...rules].filter(([name]) => !ambiguous.has(name));
    const terminals = withoutCircles(others.map(([name, node]) => [name, namesIn(node)]));
    if (isLarge(rules)) return terminals;
    const signs = new GbnfSigns(rules, (name) => !terminals.has(name));
    const found = [...terminals].filter((name) => signs.isAmbiguous(name));
    if (found.length === 0 || round === mostRounds) return terminals;
    for (const name of found) {
      ambiguous.add(name);
      rules.set(name, parted(rules.get(name) as GbnfNode, name, rules));
    }
  }
}

function isLarge(rules: Rules): boolean {
  if (rules.size > mostRules) return true;
  let count = 0;
  const waiting = [...rules.values()];
  for (let node = waiting.pop(); node && count <= mostParts; node = waiting.pop()) {
    count++;
    if (node.type === 'repeat') waiting.push(node.node);
    if (node.type === 'sequence' || node.type === 'choice') waiting.push(...node.nodes);
  }
  return count > mostParts;
}

/** What stands before the last part of a sequence becomes a rule of its own. */
function parted(node: GbnfNode, name: string, rules: Rules): GbnfNode {
  if (node.type === 'choice') {
    return { type: 'choice', nodes: node.nodes.map((one) => parted(one, name, rules)) };
  }
  const last = node.type === 'sequence' ? node.nodes.at(-1) : undefined;
  if (node.type !== 'sequence' || !last || node.nodes.length < 3) return node;
  const begins = `${name}'${rules.size}`;
  rules.set(begins, { type: 'sequence', nodes: node.nodes.slice(0, -1) });
  return { type: 'sequence', nodes: [{ type: 'rule', name: begins }, last] };
}
