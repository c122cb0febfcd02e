// How the elements of a flow hang together: branches that lead nowhere, elements nobody reaches, loops without a wait.
import type { Violation } from '../errors.js';
import type { FlowElement, FlowElementType } from './elements.js';

export interface FlowGraph {
  /** Undefined: the element is there, but its form is wrong. */
  readonly elements: ReadonlyMap<string, FlowElement | undefined>;
  readonly start: unknown;
  readonly onOptOut?: unknown;
}

interface Edge {
  readonly path: string;
  readonly to: string;
}

interface Reference extends Edge {
  readonly mustBe: FlowElementType;
}

/** Elements at which people wait, so that a loop through one takes its time. */
const WAITS: ReadonlySet<FlowElementType> = new Set(['pause', 'waitForEvent', 'evaluateInboundMessage', 'failover']);

/** Everything wrong with the graph. */
export function graphViolations(graph: FlowGraph): Violation[] {
  return [
    ...rootViolations(graph),
    ...[...graph.elements].flatMap(([id, element]) =>
      element === undefined ? [] : linkViolations(graph, id, element),
    ),
    ...unreachable(graph),
    ...loopsWithoutWait(graph),
  ];
}

/** Where an element leads. */
export function edgesOf(element: FlowElement): Edge[] {
  switch (element.type) {
    case 'sendMessage':
      return [
        edge('next', element.next),
        ...optional('blocked', element.blocked),
        ...optional('failed', element.failed),
      ];
    case 'evaluateInboundMessage':
      return [
        ...branchEdges('when', element.when),
        edge('otherwise', element.otherwise),
        edge('timedOut', element.timedOut),
      ];
    case 'waitForEvent':
      return [edge('happened', element.happened), edge('timedOut', element.timedOut)];
    case 'evaluateEvent':
    case 'segmentAudience':
      return [...branchEdges('when', element.when), edge('otherwise', element.otherwise)];
    case 'splitAudience':
      return branchEdges('branches', element.branches);
    case 'failover':
      return [edge('delivered', element.delivered), edge('undelivered', element.undelivered)];
    case 'callApi':
      return [edge('next', element.next), ...optional('failed', element.failed)];
    case 'exit':
      return [];
    default:
      return [edge('next', element.next)];
  }
}

/** Elements that are named without being led to. */
function referencesOf(element: FlowElement): Reference[] {
  switch (element.type) {
    case 'evaluateInboundMessage':
      return [{ path: 'replyTo', to: element.replyTo, mustBe: 'sendMessage' }];
    case 'evaluateEvent':
      return [{ path: 'of', to: element.of, mustBe: 'waitForEvent' }];
    case 'failover':
      return [{ path: 'of', to: element.of, mustBe: 'sendMessage' }];
    case 'addToDoNotContact':
      return optional('because', element.because).map((e) => ({ ...e, mustBe: 'sendMessage' }));
    case 'removeFromDoNotContact':
      return optional('proof', element.proof).map((e) => ({ ...e, mustBe: 'evaluateInboundMessage' }));
    default:
      return [];
  }
}

function rootViolations({ elements, start, onOptOut }: FlowGraph): Violation[] {
  return Object.entries({ start, onOptOut }).flatMap(([path, id]) =>
    typeof id === 'string' && !elements.has(id) ? [{ path, message: `there is no element ${id}` }] : [],
  );
}

function linkViolations({ elements }: FlowGraph, id: string, element: FlowElement): Violation[] {
  const violations: Violation[] = [];
  for (const link of [...edgesOf(element), ...referencesOf(element)]) {
    const path = `elements.${id}.${link.path}`;
    const target = elements.get(link.to);
    if (!elements.has(link.to)) violations.push({ path, message: `there is no element ${link.to}` });
    else if ('mustBe' in link && target !== undefined && target.type !== link.mustBe) {
      violations.push({
        path,
        message: `must name an element of type ${String(link.mustBe)}, but ${link.to} is of type ${target.type}`,
      });
    }
  }
  return violations;
}

function unreachable({ elements, start, onOptOut }: FlowGraph): Violation[] {
  // An element that could not be read hides where it leads; calling its followers unreachable would be noise.
  if ([...elements.values()].includes(undefined)) return [];
  const reached = new Set<string>();
  const open = [start, onOptOut].filter((id): id is string => typeof id === 'string');
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const element = elements.get(id);
    if (reached.has(id) || element === undefined) continue;
    reached.add(id);
    open.push(...edgesOf(element).map(({ to }) => to));
  }
  return [...elements.keys()]
    .filter((id) => !reached.has(id))
    .map((id) => ({ path: `elements.${id}`, message: 'cannot be reached from `start` or `onOptOut`' }));
}

/** A loop in which nobody waits would run as often as it may within seconds, and send each time. */
function loopsWithoutWait({ elements }: FlowGraph): Violation[] {
  const state = new Map<string, 'open' | 'done'>();
  const violations: Violation[] = [];
  const visit = (id: string, trail: readonly string[]): void => {
    const element = elements.get(id);
    if (element === undefined || WAITS.has(element.type) || state.get(id) === 'done') return;
    if (state.get(id) === 'open') {
      const loop = [...trail.slice(trail.indexOf(id)), id].join(' -> ');
      violations.push({ path: `elements.${id}`, message: `the loop ${loop} never waits` });
      return;
    }
    state.set(id, 'open');
    for (const { to } of edgesOf(element)) visit(to, [...trail, id]);
    state.set(id, 'done');
  };
  for (const id of elements.keys()) visit(id, []);
  return violations;
}

const edge = (path: string, to: string): Edge => ({ path, to });
const optional = (path: string, to: string | undefined): Edge[] => (to === undefined ? [] : [{ path, to }]);
const branchEdges = (path: string, all: readonly { readonly next: string }[]): Edge[] =>
  all.map(({ next }, i) => ({ path: `${path}[${i}].next`, to: next }));
