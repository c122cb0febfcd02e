/** Tells whether something is over, without waiting for it. */
export function watchEnd(work: Promise<unknown>): { readonly isOver: boolean } {
  const state = { isOver: false };
  const end = (): void => void (state.isOver = true);
  work.then(end, end);
  return state;
}
