import { tinyDecoder } from '@potluck/onnx/testing';
import { refusedExitCode, type StageDescription } from '@potluck/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { deployRandomModel } from '../testing/deployableModel.ts';
import { join, startHub, stopAll } from '../testing/joinedProcesses.ts';
import { softwareVulkan } from '../testing/softwareVulkan.ts';
import { startWorkerProcess } from '../testing/workerProcess.ts';

afterEach(stopAll);

const prompt = Array.from({ length: 70 }, (_, index) => (index * 13) % 500);

describe('headless workers', () => {
  it('answer the same in two processes, over a data channel, as in one', async () => {
    const hub = await startHub();
    const model = await deployRandomModel(hub, tinyDecoder);
    const [first, second] = [await join(hub), await join(hub)];
    const [whole] = model.stages(1);
    const alone = await hub.deploy([{ worker: first.worker, stage: whole as never }]);
    const expected = await hub.generate([first.worker], alone, prompt, { length: 30, chunkTokens: 32 });
    expect(expected.tokens).toHaveLength(30);

    const [early, late] = model.stages(2);
    const workers = [first.worker, second.worker];
    const assigns = await hub.deploy(
      [
        { worker: first.worker, stage: early as never },
        { worker: second.worker, stage: late as never },
      ],
      { promptTrials: [16, 32] },
    );
    for (const [index, worker] of workers.entries()) {
      const { promptSteps } = await worker.message(
        'stage-report',
        ({ assignmentId, state }) => assignmentId === assigns[index]?.assignmentId && state === 'ready',
      );
      expect(promptSteps?.map(({ tokens }) => tokens)).toEqual([16, 32]);
    }
    const peer = second.worker.hello.workerId;
    await first.worker.message('peer-report', (report) => report.peer === peer && report.state === 'direct');
    const direct = await hub.generate(workers, assigns, prompt, { length: 30, chunkTokens: 32 });
    expect(direct.tokens).toEqual(expected.tokens);
  });

  it('fail a session clearly when the other process is killed in the middle', async () => {
    const hub = await startHub();
    const model = await deployRandomModel(hub, tinyDecoder);
    const [first, second] = [await join(hub), await join(hub)];
    const workers = [first.worker, second.worker];
    const stages = model.stages(2).map((stage, index) => ({ worker: workers[index] as never, stage }));
    const assigns = await hub.deploy(stages);
    const answer = hub.generate(workers, assigns, prompt, { length: 150 });
    const failed = expect(answer).rejects.toThrow(
      /peer-unreachable: no answer within 3 s of a lost connection/,
    );
    await second.worker.message('token', ({ position }) => position > 80);
    second.process.child.kill('SIGKILL');
    await failed;
  });

  it('give a stage that stood by with little room for caches more once it serves, without loading it again', async () => {
    const hub = await startHub();
    const model = await deployRandomModel(hub, tinyDecoder);
    const { worker } = await join(hub);
    const [stage] = model.stages(1) as [StageDescription];
    // One session of full length, or not quite two of these.
    const least = stage.contextLength * stage.cacheBytesPerToken;
    const assigns = await hub.deploy([{ worker, stage }], { cacheBytes: least });
    const expected = await hub.generate([worker], assigns, prompt, { length: 60 });
    await expect(hub.generate([worker], assigns, prompt, { length: 60 })).rejects.toThrow(/no-room/);
    const fetched = hub.blobRequests.length;
    const [serving] = await hub.deploy([{ worker, stage }], { cacheBytes: 2 * least });
    if (!serving) throw new Error('an assignment expected');
    const { tokens } = await hub.generate([worker], [serving], prompt, { length: 60 });
    expect(tokens).toEqual(expected.tokens);
    await expect(hub.generate([worker], [serving], prompt, { length: 186 })).rejects.toThrow(/no-room/);
    worker.send({ ...serving, cacheBytes: 4 * least });
    const { assignmentId } = serving;
    await worker.message(
      'stage-report',
      (report) => report.assignmentId === assignmentId && report.cacheBytes === 4 * least,
    );
    const longer = await hub.generate([worker], [serving], prompt, { length: 186 });
    expect(longer.tokens.slice(0, 60)).toEqual(expected.tokens);
    expect(hub.blobRequests).toHaveLength(fetched);
  });

  it('compute with WebGPU on a software adapter when asked to, once it has passed its test', async (context) => {
    const vulkan = softwareVulkan();
    if (!vulkan) return context.skip();
    try {
      const hub = await startHub();
      const model = await deployRandomModel(hub, tinyDecoder);
      const { environment } = vulkan;
      const { worker, process } = await join(hub, { args: ['--device', 'webgpu'], environment });
      expect(worker.hello.device).toMatchObject({ kind: 'webgpu', float16: false });
      const assigns = await hub.deploy([{ worker, stage: model.stages(1)[0] as never }]);
      expect(process.output()).toContain('the device passed its test');
      const { tokens } = await hub.generate([worker], assigns, prompt.slice(0, 8), { length: 4 });
      expect(tokens).toHaveLength(4);
    } finally {
      vulkan.remove();
    }
  });

  it('answer wrong flags with one line and exit code 2', async () => {
    const process = startWorkerProcess({ args: ['--hub', 'nowhere'] });
    expect(await process.exited).toBe(2);
    expect(process.output()).toMatch(/^potluck worker: --hub is "nowhere": give a URL such as [^\n]*\n$/);
    await process.stop();
  });

  it('refuse to share a data directory, and say goodbye and exit with 0 when they are asked to end', async () => {
    const hub = await startHub();
    const { worker, process } = await join(hub);
    const { dataDirectory } = process;
    const other = startWorkerProcess({ args: ['--hub', hub.url, '--device', 'cpu'], dataDirectory });
    expect(await other.exited).toBe(2);
    expect(other.output()).toContain(`process id ${process.child.pid ?? ''}`);
    process.child.kill('SIGTERM');
    await worker.message('goodbye');
    expect(await process.exited).toBe(0);
  });

  it("end with their own exit code and the hub's words when it refuses them", async () => {
    const hub = await startHub();
    hub.onHello = () => ({ type: 'refusal', code: 'bad-token', message: 'ask Ada', retry: false });
    const process = startWorkerProcess({ args: ['--hub', hub.url, '--device', 'cpu'] });
    expect(await process.exited).toBe(refusedExitCode);
    expect(process.output()).toContain('potluck worker: ask Ada');
    await process.stop();
  });
});
