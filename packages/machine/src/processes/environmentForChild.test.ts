import { expect, test } from 'vitest';
import { environmentForChild } from './environmentForChild.ts';

test('a child sees what it needs, and no secret', () => {
  const needed = { PATH: '/bin', DISPLAY: ':1', VK_ICD_FILENAMES: 'icd.json', HTTPS_PROXY: 'http://proxy' };
  const secrets = {
    POTLUCK_TOKEN: 'a',
    potluck_api_key: 'b',
    HF_TOKEN: 'c',
    AWS_SECRET_ACCESS_KEY: 'd',
    OPENAI_API_KEY: 'e',
    PGPASSWORD: 'f',
  };
  expect(environmentForChild({ ...needed, ...secrets, EMPTY: undefined })).toEqual(needed);
});
