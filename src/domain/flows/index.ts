// `temporal-blocklist/flows`: declarative flows. Pure; needs no worker, server or database.
export { checkFlow, defineFlow, parseFlow, type FlowCheck } from './define-flow.js';
export type { EntryPoint, Flow, FlowDefinition, FlowSettings } from './flow.js';
export type { FlowElement, FlowElementType } from './elements.js';
export type { Comparison, Condition } from '../condition.js';
export type { DurationText } from '../duration.js';
export { InvalidInputError, type Violation } from '../errors.js';
