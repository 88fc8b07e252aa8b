"""Annotation files as the supported tools write them."""

from __future__ import annotations

import json
from pathlib import Path

DATA = Path(__file__).parents[3] / "data/imports"
KINOVEA = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<KinoveaVideoAnalysis>
  <FormatVersion>2.0</FormatVersion>
  <OriginalFilename>clip</OriginalFilename>
  <FullPath>C:\\Users\\me\\clip.mp4</FullPath>
  <AverageTimeStampsPerFrame>512</AverageTimeStampsPerFrame>
  <FirstTimeStamp>1024</FirstTimeStamp>
  <TimeOrigin>1536</TimeOrigin>
  <Keyframes>
    <Keyframe id="a"><Timestamp>1024</Timestamp><Name>-0.03</Name></Keyframe>
    <Keyframe id="b"><Timestamp>921600</Timestamp><Name>1:00.00</Name></Keyframe>
  </Keyframes>
</KinoveaVideoAnalysis>"""
CVAT_TASK = """<meta><task>
<id>3</id><name>rope</name><size>150</size><mode>interpolation</mode><source>clip.mp4</source>
</task></meta>"""
CVAT_VIDEO = f"""<annotations><version>1.1</version>{CVAT_TASK}
  <track id="0" label="jump" task_id="3">
    <box frame="8" keyframe="1" outside="0" xtl="1" ytl="1" xbr="2" ybr="2"/>
    <box frame="9" keyframe="1" outside="1" xtl="1" ytl="1" xbr="2" ybr="2"/>
    <box frame="19" keyframe="1" outside="0" xtl="1" ytl="1" xbr="2" ybr="2"/>
    <box frame="20" keyframe="0" outside="0" xtl="1" ytl="1" xbr="2" ybr="2"/>
  </track>
  <track id="1" label="person"><points frame="0" outside="0" points="1,1"/></track>
</annotations>"""
CVAT_IMAGES = f"""<annotations>{CVAT_TASK}
  <image id="0" name="frame_000008" width="4" height="4"><tag label="jump"/></image>
  <image id="1" name="frame_000019"><tag label="jump"/><tag label="jump"/></image>
  <image id="2" name="frame_000020" width="4" height="4"/>
</annotations>"""
BORIS = {
    "project_format_version": "7.0",
    "behaviors_conf": {
        "0": {"code": "jump", "type": "Point event"},
        "1": {"code": "run", "type": "State event with coding map"},
    },
    "observations": {
        "morning": {
            "type": "MEDIA",
            "file": {"1": ["/media/usb/a.mp4", "/media/usb/b.mp4"], "2": []},
            "time offset": 100.0,
            "media_info": {
                "length": {"/media/usb/a.mp4": 5.0056, "/media/usb/b.mp4": 4.8},
                "fps": {"/media/usb/a.mp4": 29.97, "/media/usb/b.mp4": 25.0},
            },
            "events": [
                [101.5, "rope", "jump", "", "", 45],
                [100.5, "rope", "jump", "high|left", "", "NA"],
                [102.0, "rope", "run", "None", "", 60],
                [104.0, "rope", "run", "None", "", 120],
                [107.005, "rope", "run", "None", "", 50],
                [107.005, "", "jump", "", "old files have five items"],
            ],
        },
        "talk": {"type": "LIVE", "file": [], "events": [[1.0, "", "jump", "", ""]]},
    },
}
VIA = {
    "project": {"pid": "x", "vid_list": ["1"]},
    "attribute": {"1": {"aname": "event", "options": {"0": "jump", "1": "miss"}}},
    "file": {"1": {"fid": 1, "fname": "clip.mp4", "type": 4, "loc": 1, "src": "clips/clip.mp4"}},
    "view": {"1": {"fid_list": [1]}},
    "metadata": {
        "1_a": {"vid": "1", "flg": 0, "z": [0.267], "xy": [], "av": {"1": "0"}},
        "1_b": {"vid": "1", "flg": 0, "z": [0.634, 0.9], "xy": [], "av": {"1": "1"}},
        "1_c": {"vid": "1", "flg": 0, "z": [], "xy": [], "av": {}},
    },
}
VIA_FULL = (
    "# Exported using VGG Video Annotator\n# Notes:\n"
    "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata\n"
    '"1_a","[""clip.mp4""]",0,"[0.267]","[]","{""1"":""0""}"\n'
    '"1_b","[""clip.mp4""]",0,"[0.634,0.9]","[]","{""1"":""0""}"\n'
)
VIA_SEGMENTS = (
    "# CSV_HEADER = metadata_id,file_list,temporal_segment_start,temporal_segment_end,metadata\n"
    '"1_a","[""clip.mp4""]",0.267,,"{""event"":""0""}"\n'
    '"1_b","[""clip.mp4""]",0.634,0.9,"{""event"":""0""}"\n'
)
BOXES = [
    {
        "id": 4,
        "data": {"video": "/data/local-files/?d=sets/clip.mp4"},
        "annotations": [
            {
                "result": [
                    {
                        "type": "videorectangle",
                        "value": {
                            "framesCount": 1799,
                            "duration": 60.026,
                            "labels": ["jump"],
                            "sequence": [
                                {"frame": 20, "enabled": False, "time": 0.66},
                                {"frame": 9, "enabled": True, "time": 0.3},
                                {"frame": 12, "enabled": False, "time": 0.4},
                            ],
                        },
                    }
                ]
            }
        ],
    }
]
REPCOUNT = (
    ",type,name,count,L1,L2,L3,L4,L5,L6\n"
    "0,squat,a.mp4,2,0,27,27.0,60.0,,\n"
    "1,push_up,b.mp4,6,3,9,9.0,12.0,,\n"
)
WEBVTT = """\ufeffWEBVTT - jumps\r\nKind: metadata\r
\r
NOTE\r
A remark about 00:09.000\r
\r
STYLE\r
::cue { color: red }\r
\r
\r
7\r
01:00:01.280 --> 01:00:01.281 align:start\r
<v Ann>jump &amp;</v> run\r
\r
00:02.500 --> 00:02.600\r
jump"""
EXAMPLES = {
    "kinovea": KINOVEA,
    "cvat": CVAT_VIDEO,
    "boris": json.dumps(BORIS),
    "via": json.dumps(VIA),
    "label_studio": json.dumps(BOXES),
    "repcount": REPCOUNT,
    "csv": "video,time,label\na.mp4,1.5,jump\n",
    "webvtt": "WEBVTT\n\n00:01.280 --> 00:01.480\njump\n",
    "elan": (DATA / "pympi.eaf").read_text(),
    "hub": '{"id": "a", "video_path": "videos/a.mp4", "question": "?", "answer": "[1.0]"}\n',
}
