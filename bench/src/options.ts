/** Reads `64,512` from the command line. */
export const numbers = (text: string): number[] => text.split(',').map(Number);
