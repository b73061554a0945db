/** The WebAssembly of the grammar engine, which `build/grammarEngine.ts` takes out of its package. */
declare module 'virtual:grammar-engine' {
  const url: string;
  export default url;
}
