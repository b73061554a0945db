const secret = /^POTLUCK_|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY/i;

/**
 * The environment for a program that this process starts to compute or to show something: without Potluck's own settings, and
 * without what is called a secret. All else stays: what graphics drivers and Chromium read has no list.
 */
export function environmentForChild(from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(from).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !secret.test(entry[0]),
    ),
  );
}
