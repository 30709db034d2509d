/**
 * Containers that may be opened: every one of ffmpeg's that can hold moving pictures and all that it takes to show
 * them. A video file must not be able to make ffmpeg read anything but itself, so what is left out is
 * - what names other files or addresses: `concat`, `dash`, `hls`, `imf`, `webm_dash_manifest`, `sdp`, `rtp`, `rtsp`,
 *   `sap`, `avisynth`, `vapoursynth`, `mlv` (opens its `.M00` and on), `vobsub` (its `.sub`), `image2` (a pattern of
 *   names), `dvdvideo`; QuickTime's references to other files stay closed by ffmpeg's own default
 * - devices and sources that are no file: `lavfi`, `x11grab`, `v4l2`, `fbdev`, `kmsgrab` and so on
 * - pictures (`*_pipe` but `jpeg_pipe`, which is what ffmpeg calls MJPEG without a container; `image2pipe`, `ico`,
 *   `iff`, `fits`, `txd`, `frm`, `alias_pix`, `brender_pix`), texts (`tty`, `bin`, `idf`, `adf`, `xbin`), subtitles and
 *   sound alone
 * - what has no header, so that anything passes for it: `rawvideo`, `v210`, `v210x`, `bitpacked`, `data`
 * A container of a later ffmpeg stays closed until it is looked at and added.
 */
export const CONTAINERS: readonly string[] = [
  // Files that people exchange.
  ...['mov', 'mp4', 'm4a', '3gp', '3g2', 'mj2', 'matroska', 'webm', 'avi', 'mpegts', 'mpeg', 'flv', 'live_flv', 'kux'],
  ...['ogg', 'asf', 'asf_o', 'rm', 'ivr', 'nut', 'nsv', 'nuv', 'wtv', 'swf', 'ty', 'pva', 'pmp'],
  // Studios, recorders and cameras.
  ...['mxf', 'gxf', 'lxf', 'dv', 'cine', 'r3d', 'ser', 'simbiosis_imx', 'dhav', 'hxvs', 'ifv', 'iv8', 'luodat', 'lvf'],
  ...['mxg', 'nc', 'lmlm4', 'ingenient', 'msnwctcp', 'vivo', 'mtv', 'smjpeg', 'mpjpeg'],
  // Streams of one codec.
  ...[
    'mpegvideo',
    'm4v',
    'mjpeg',
    'jpeg_pipe',
    'mjpeg_2000',
    'h261',
    'h263',
    'h264',
    'hevc',
    'vvc',
    'evc',
    'apv',
    'av1',
    'obu',
  ],
  ...['ivf', 'vc1', 'vc1test', 'dirac', 'dnxhd', 'avs2', 'avs3', 'cavsvideo', 'ipu', 'yuv4mpegpipe'],
  // Animations.
  ...['gif', 'apng', 'webp_anim', 'jpegxl_anim', 'flic', 'anm', 'cdxl', 'dxa', 'filmstrip', 'tmv', 'mv', 'pdv'],
  // Games.
  ...['4xm', 'argo_brp', 'avs', 'bethsoftvid', 'bfi', 'bink', 'bmv', 'c93', 'dfa', 'dsicin', 'ea', 'film_cpk', 'gdv'],
  ...['hnm', 'idcin', 'ipmovie', 'jv', 'mgsts', 'mm', 'mods', 'moflex', 'mvi', 'paf', 'psxstr', 'rl2', 'roq', 'rpl'],
  ...['sdr2', 'sga', 'siff', 'smk', 'smush', 'thp', 'tiertexseq', 'usm', 'vividas', 'vmd', 'wc3movie', 'wsvqa', 'xmv'],
  'yop',
];
