/** What needs Node: model files in directories. */
export { directoryModelFiles } from './files/directoryModelFiles.ts';
