/** Runs of sessions that share none. */
import type { MemberOutputs, RunMember, StageSession } from './stageSession.ts';

/** @returns runs each member by itself, one after the other */
export function oneByOne(runOne: (member: RunMember) => Promise<MemberOutputs>): StageSession['run'] {
  return async (members) => {
    const outputs: MemberOutputs[] = [];
    for (const member of members) outputs.push(await runOne(member));
    return outputs;
  };
}
