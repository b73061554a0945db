const isClone = import.meta.url.endsWith('.ts');

/** How people call this program: in a clone it is TypeScript, in a package JavaScript. */
export const ownCommand = isClone ? 'npm run potluck --' : 'npx potluck';

/** How people start a hub. */
export const startCommand = isClone ? 'npm start' : 'npx potluck hub';
