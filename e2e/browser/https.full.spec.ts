/** A browser at a hub with a certificate of its operator, and on plain HTTP beside that. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority, issueServerCertificate } from '../../hub/network/certificate/issueCertificate.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { startHub } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { joinButton } from './support/appPage.ts';
import { ask } from './support/ask.ts';
import { expect, test } from './support/fixtures.ts';
import { writeSmallModel } from './support/smallModel.ts';

test('a browser sees the certificate that the operator gives; who stays on plain HTTP serves on the processor', async ({
  browser,
}) => {
  await using directory = await temporaryDirectory('potluck-certificate-');
  const authority = await createAuthority('The operator’s authority');
  const { certificate, key } = await issueServerCertificate(authority, ['hub.test']);
  const files = { '--certificate': certificate, '--certificate-key': key };
  const flags: string[] = [];
  for (const [flag, text] of Object.entries(files)) {
    const path = join(directory.path, `${flag}.pem`);
    await writeFile(path, text);
    flags.push(flag, path);
  }
  await using model = await writeSmallModel();
  await using hub = await startHub({
    flags: ['--model', model.path, '--local-workers', '0', '--https-port', '0', ...flags],
  });
  await using context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const { port } = new URL(hub.url);
  const { httpsPort } = (await (await fetch(`${hub.url}/api/hub`)).json()) as { httpsPort: number };
  const response = await page.goto(`https://hub.test:${httpsPort}/join`);
  expect(await response?.securityDetails()).toMatchObject({
    subjectName: 'hub.test',
    issuer: 'The operator’s authority',
  });

  await page.goto(`http://hub.test:${port}/join#token=${hub.joinToken}`);
  await joinButton(page).click();
  await expect(page.getByRole('region', { name: /^Layers/ }).locator('header')).toContainText('running');
  expect(await nodesOf(hub)).toMatchObject([{ device: { kind: 'wasm' }, role: 'serving' }]);
  expect((await ask(hub, 'The river rose.', 4)).tokens).toHaveLength(4);
});
