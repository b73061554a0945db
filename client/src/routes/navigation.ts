import MessageCircleIcon from '@lucide/svelte/icons/message-circle';
import WaypointsIcon from '@lucide/svelte/icons/waypoints';

/** The pages of the app, in the order of the navigation. */
export const pages = [
  { path: '/', name: 'Chat', icon: MessageCircleIcon },
  { path: '/nodes', name: 'Nodes', icon: WaypointsIcon },
] as const;
