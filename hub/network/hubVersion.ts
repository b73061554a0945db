/** What the hub says of itself; the package's version. */
export const hubVersion = '0.1.0';
