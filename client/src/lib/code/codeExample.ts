/** What people copy into a program or its settings. */
export interface CodeExample {
  /** Of the program or language. */
  name: string;
  text: string;
}
