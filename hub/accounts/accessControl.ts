/** All secrets that open something, loaded. */
import type { AccountStores } from './accountStores.ts';
import type { HubIdentity } from './secrets.ts';
import { AdminPassword } from './adminPassword.ts';
import { ApiKeys } from './apiKeys.ts';
import { Invites } from './invites.ts';
import { JoinTokens, type KeepOwnToken } from './joinTokens.ts';
import { Logins } from './logins.ts';

/** Who may join, who may ask and who may administer are three different secrets. */
export interface AccessControl {
  joinTokens: JoinTokens;
  keys: ApiKeys;
  password: AdminPassword;
  logins: Logins;
  invites: Invites;
}

/**
 * @param adminPassword given by the environment
 * @param keepJoinToken keeps another join token of the hub's own; undefined: it can't be replaced
 */
export async function loadAccess(
  stores: AccountStores,
  identity: Pick<HubIdentity, 'apiKey' | 'joinToken'>,
  adminPassword?: string,
  keepJoinToken?: KeepOwnToken,
): Promise<AccessControl> {
  const joinTokens = await JoinTokens.load(stores.joinTokens, identity.joinToken, keepJoinToken);
  const keys = await ApiKeys.load(stores.apiKeys, identity.apiKey);
  const logins = await Logins.load(stores.logins);
  return {
    joinTokens,
    keys,
    password: await AdminPassword.load(stores.values, adminPassword),
    logins,
    invites: await Invites.load({ store: stores.invites, keys, joinTokens, logins }),
  };
}
