/** JSON that is the same but for one text, again and again: what is around the text is written once. */

/** Stands where the text will; in nothing that people write. */
const place = '\u0000text\u0000';
const placeJson = JSON.stringify(place);

/** @param value with the text in one place or several */
export function textTemplate(value: (text: string) => object): (text: string) => string {
  const around = JSON.stringify(value(place)).split(placeJson);
  return (text) => around.join(JSON.stringify(text));
}
