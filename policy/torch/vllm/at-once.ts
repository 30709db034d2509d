/** Requests that one server has at a time. It computes them together. */
export const AT_ONCE = 64;
