/** All secrets that open something, loaded. */
import type { AccountStores } from './accountStores.ts';
import type { HubIdentity } from './secrets.ts';
import { AdminPassword } from './adminPassword.ts';
import { ApiKeys } from './apiKeys.ts';
import { JoinTokens } from './joinTokens.ts';
import { Logins } from './logins.ts';

/** Who may join, who may ask and who may administer are three different secrets. */
export interface AccessControl {
  joinTokens: JoinTokens;
  keys: ApiKeys;
  password: AdminPassword;
  logins: Logins;
}

/** @param adminPassword given by the environment */
export async function loadAccess(
  stores: AccountStores,
  identity: Pick<HubIdentity, 'apiKey' | 'joinToken'>,
  adminPassword?: string,
): Promise<AccessControl> {
  return {
    joinTokens: await JoinTokens.load(stores.joinTokens, identity.joinToken),
    keys: await ApiKeys.load(stores.apiKeys, identity.apiKey),
    password: await AdminPassword.load(stores.values, adminPassword),
    logins: await Logins.load(stores.logins),
  };
}
