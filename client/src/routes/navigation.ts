import BoxesIcon from '@lucide/svelte/icons/boxes';
import HandPlatterIcon from '@lucide/svelte/icons/hand-platter';
import MessageCircleIcon from '@lucide/svelte/icons/message-circle';
import ReceiptTextIcon from '@lucide/svelte/icons/receipt-text';
import SettingsIcon from '@lucide/svelte/icons/settings-2';
import WaypointsIcon from '@lucide/svelte/icons/waypoints';

/** The pages of the app, in the order of the navigation. */
export const pages = [
  { path: '/', name: 'Chat', icon: MessageCircleIcon },
  { path: '/nodes', name: 'Nodes', icon: WaypointsIcon },
  { path: '/join', name: 'Join', icon: HandPlatterIcon },
  { path: '/models', name: 'Models', icon: BoxesIcon },
  { path: '/requests', name: 'Requests', icon: ReceiptTextIcon },
  { path: '/settings', name: 'Settings', icon: SettingsIcon },
] as const;
