/** Where a model came from, without paths of the hub's machine. */

/** The last part of a folder's path, of any system; what is no path stays as it is. */
export function folderName(source: string): string {
  const isPath = /^([/\\.~]|[A-Za-z]:[/\\])/.test(source);
  return isPath ? (source.split(/[/\\]/).findLast((part) => part !== '') ?? source) : source;
}

/** @param source of a model, such as `/srv/models/soup#model_q4`, `https://huggingface.co/ada/soup#model (8f3a)` or `upload soup` */
export function describeSource(source: string): string {
  const upload = /^upload (.+)$/.exec(source)?.[1];
  if (upload !== undefined) return `from the upload ${upload}`;
  const name = folderName(source);
  if (name === source) return `from ${source}`;
  const [folder = name, variant] = name.split(/#(?=[^#]*$)/);
  return variant === undefined ? `from the folder ${folder}` : `from the folder ${folder} (${variant})`;
}
