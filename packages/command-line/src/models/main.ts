/** `potluck models`: the models of a running hub, from a shell. Everything goes through its management API. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import {
  formatBytes,
  type Deployment,
  type DeploymentPreview,
  type HubSearchResult,
  type Import,
  type ModelList,
  type NewImport,
  type Node,
} from '@potluck/api';
import { Command, Option } from 'commander';
import { endedByOptions } from '../endedByOptions.ts';
import { connect, withHubFlags, type HubOptions } from '../hub/connect.ts';
import { ownCommand } from '../ownCommand.ts';
import { addSecretFiles, asSecret, readSecretFiles } from '../secretFiles.ts';
import { wholeNumber } from '../arguments.ts';
import { describePreview } from './describePreview.ts';
import { followDeployment, followImport } from './followProgress.ts';
import { CommandError, type HubClient } from '../hub/hubClient.ts';
import { planOf, type PlanOptions } from './planOptions.ts';

/**
 * Runs one command. Problems of the person's making are printed as one message and set the exit code (2: wrong
 * options; 1: anything else).
 * @param argv what comes after `potluck models`
 */
export async function runModels(argv: string[]): Promise<void> {
  process.stdout.on('error', endWithReader);
  const command = modelsCommand();
  const [first] = argv;
  const isKnown = command.commands.some((one) => one.name() === first);
  try {
    await command.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' });
  } catch (error) {
    if (endedByOptions(isKnown ? `potluck models ${first}` : 'potluck models', error)) return;
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`potluck models: ${error.message}\n`);
    process.exitCode = 1;
  }
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Whoever reads the output may stop early, as `head` does. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

/** All commands, with their options. */
export function modelsCommand(): Command {
  const models = new Command('potluck models')
    .description('The models of a running hub.')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .hook('preAction', (_models, one) => readSecretFiles(one));
  const command = (usage: string, description: string): Command =>
    withHubFlags(models.command(usage).description(description));
  const withPlan = (one: Command): Command =>
    one
      .addOption(new Option('--shards <count>', 'number of stages').argParser(wholeNumber(1, 999)))
      .addOption(new Option('--replicas <count>', 'how many times').argParser(wholeNumber(1, 999)))
      .addOption(
        new Option('--most-replicas <count>', 'while requests wait, up to so many').argParser(
          wholeNumber(1, 16),
        ),
      )
      .option(
        '--node <name...>',
        'a node for each stage, in order: NAME, or NAME:FIRST-LAST with its layers',
      );

  command('list', 'models that are here, and where they are served').action(async (options: HubOptions) => {
    await list(connect(options));
  });
  command('search <words>', 'find models on the Hugging Face Hub').action(
    async (words: string, options: HubOptions) => {
      const query = `?search=${encodeURIComponent(words)}`;
      const found = await connect(options).ask<{ models: HubSearchResult[] }>(
        'GET',
        `/remote-models${query}`,
      );
      for (const { repository, downloads, gated } of found.models) {
        print(`${repository}  ${downloads ?? 0} downloads${gated ? '  gated' : ''}`);
      }
    },
  );
  command('add <model>', 'from the Hugging Face Hub (owner/name), or from a directory on the hub')
    .option('--variant <name>', 'which graph, such as model_q4')
    .option('--revision <name>', 'branch, tag or commit of the repository')
    .addOption(asSecret(new Option('--token <token>', 'for a gated repository')))
    .option('--deploy', 'serve it as soon as it is here')
    .action(async (model: string, options: HubOptions & AddOptions) => {
      await add(connect(options), model, options);
    });
  command('remove <id>', 'delete a model that is not deployed').action(
    async (id: string, options: HubOptions) => {
      await connect(options).ask('DELETE', `/models?id=${encodeURIComponent(id)}`);
      print(`removed ${id}`);
    },
  );
  withPlan(command('plan <id>', 'what deploying would do; changes nothing')).action(
    async (id: string, options: HubOptions & PlanOptions) => {
      await plan(connect(options), id, options);
    },
  );
  withPlan(
    command(
      'deploy <id>',
      'serve a model, or change how; waits until it serves, and refuses what does not fit',
    ),
  )
    .option('--wait', 'deploy it also where it does not fit yet, and wait until it does')
    .action(async (id: string, options: HubOptions & PlanOptions & DeployOptions) => {
      await deploy(connect(options), id, options);
    });
  command('undeploy <id>', 'take a model off the nodes').action(async (id: string, options: HubOptions) => {
    await connect(options).ask('DELETE', `/deployments?model=${encodeURIComponent(id)}`);
    print(`undeployed ${id}`);
  });
  models.commands.forEach(addSecretFiles);
  return models;
}

async function list(hub: HubClient): Promise<void> {
  const { models, leftOut } = await hub.ask<ModelList>('GET', '/models');
  const { deployments } = await hub.ask<{ deployments: Deployment[] }>('GET', '/deployments');
  for (const { id, weightBytes, layers, license } of models) {
    const deployment = deployments.find(({ model }) => model === id);
    const routes = deployment?.replicas.flatMap(({ route, ready }) => (ready && route ? [route] : [])) ?? [];
    const state = !deployment
      ? 'not deployed'
      : routes.length > 0
        ? routes.join(' and ')
        : deployment.missing;
    print(
      [id, formatBytes(weightBytes), `${layers.length} layers`, license ?? 'no licence given', state].join(
        '  ',
      ),
    );
  }
  for (const { name, reason } of leftOut) print(`${name}  left out: ${reason}`);
  if (models.length === 0) print(`no models; add one with: ${ownCommand} models add owner/name`);
}

interface AddOptions {
  variant?: string;
  revision?: string;
  token?: string;
  deploy?: boolean;
}

async function add(
  hub: HubClient,
  model: string,
  { variant, revision, token, deploy }: AddOptions,
): Promise<void> {
  const isDirectory =
    /^[./~]|^[A-Za-z]:|\\/.test(model) || (await stat(model).catch(() => undefined))?.isDirectory();
  const wanted: NewImport = isDirectory
    ? { kind: 'directory', path: path.resolve(model), deploy, ...(variant ? { variant } : {}) }
    : {
        kind: 'hub',
        repository: model,
        deploy,
        ...(variant ? { variant } : {}),
        ...(revision ? { revision } : {}),
        ...(token ? { token } : {}),
      };
  // Watching first, so that nothing is missed.
  const events = hub.events();
  await events.next();
  try {
    const { id } = await hub.ask<Import>('POST', '/imports', wanted);
    const added = await followImport(events, id, print);
    print(`added ${added}`);
    if (deploy) await followAdded(hub, added);
  } finally {
    await events.return();
  }
}

/** The hub deploys what was added by itself, also where it does not fit yet. @throws CommandError there */
async function followAdded(hub: HubClient, model: string): Promise<void> {
  const plan = planOf({}, []);
  const preview = await hub.ask<DeploymentPreview>('POST', '/deployments/preview', { model, plan });
  if (preview.ok) return followDeployment(hub.events(), model, print);
  throw new CommandError(
    `${model} is added and deployed, but no device serves it. ${problemOf(preview)} ` +
      `The hub serves it as soon as it can. To take it off: \`${ownCommand} models undeploy ${model}\`.`,
  );
}

async function plan(hub: HubClient, model: string, options: PlanOptions): Promise<void> {
  const preview = await hub.ask<DeploymentPreview>('POST', '/deployments/preview', {
    model,
    plan: await planFor(hub, options),
  });
  describePreview(preview).forEach(print);
  if (!preview.ok) throw new CommandError(problemOf(preview));
}

/** A sentence, so that others can follow it. */
function problemOf({ problem }: DeploymentPreview): string {
  return `${problem ?? 'It does not fit'}.`.replace(/([.!?])\.$/, '$1');
}

interface DeployOptions {
  wait?: boolean;
}

async function deploy(
  hub: HubClient,
  model: string,
  { wait = false, ...options }: PlanOptions & DeployOptions,
): Promise<void> {
  const wanted = await planFor(hub, options);
  const preview = await hub.ask<DeploymentPreview>('POST', '/deployments/preview', { model, plan: wanted });
  describePreview(preview).forEach(print);
  if (!preview.ok && !wait) {
    throw new CommandError(
      `${problemOf(preview)} Nothing was changed. Free memory, let more devices join, or add --wait: ` +
        'the hub then serves it as soon as it fits.',
    );
  }
  const { deployments } = await hub.ask<{ deployments: Deployment[] }>('GET', '/deployments');
  const revision = deployments.find((one) => one.model === model)?.revision;
  await hub.ask('PUT', '/deployments', {
    model,
    plan: wanted,
    ...(revision === undefined ? {} : { revision }),
  });
  await followDeployment(hub.events(), model, print);
}

async function planFor(hub: HubClient, options: PlanOptions): Promise<ReturnType<typeof planOf>> {
  const { nodes } = await hub.ask<{ nodes: Node[] }>('GET', '/nodes');
  return planOf(options, nodes);
}
