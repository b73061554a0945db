/** All secrets that open something, loaded. */
import type { Database } from '../database/database.ts';
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
  database: Database,
  identity: Pick<HubIdentity, 'apiKey' | 'joinToken'>,
  adminPassword?: string,
): Promise<AccessControl> {
  return {
    joinTokens: await JoinTokens.load(database.joinTokens, identity.joinToken),
    keys: await ApiKeys.load(database.apiKeys, identity.apiKey),
    password: await AdminPassword.load(database.values, adminPassword),
    logins: await Logins.load(database.logins),
  };
}
