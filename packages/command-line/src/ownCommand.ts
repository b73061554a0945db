/** How people call this program: in a clone it is TypeScript, in a package JavaScript. */
export const ownCommand = import.meta.url.endsWith('.ts') ? 'npm run potluck --' : 'npx potluck';
