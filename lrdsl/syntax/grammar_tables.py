"""The syntax of `grammar/lrdsl.lark` as tables, which `lrdsl/syntax/grammar_build.py` writes."""

# ruff: noqa: E501
# fmt: off

STARTS = {
    'definition': 0,
    'start': 1,
}
WORD = "|".join((
    '(?:[A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z_][A-Za-z0-9_]*)+)(?P<BAD_DOTTED>)',
    '(?:(?:[0-9]+(?:_[0-9]+)*(?:\\.(?:[0-9]+(?:_[0-9]+)*)?)?|\\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+)?(?:%|[ \t\r\n]*(?:epochs?|ep|steps?|st|tokens?|tok|samples?|sa)(?![0-9A-Za-z_])))(?P<TIME>)',
    '(?:(?:[0-9]+(?:_[0-9]+)*(?:\\.(?:[0-9]+(?:_[0-9]+)*)?)?|\\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.%]))(?P<NUMBER>)',
    '(?:\\.?[0-9][0-9A-Za-z_.]*)(?P<BAD_NUMBER>)',
    '(?:[A-Za-z_][A-Za-z0-9_]*(?![A-Za-z0-9_]|[^\x00-\x7f]))(?P<NAME>)',
    '(?:\\$\\{(?:[^{}]|\\{[^{}]*\\})*\\})(?P<INTERPOLATION>)',
    '(?:[ \t\r\n]+)',
    '(?:#[^\n]*)',
    '(?:\\*\\*)(?P<DOUBLESTAR>)',
    '(?:==)(?P<EQ>)',
    '(?://)(?P<FLOORDIV>)',
    '(?:>=)(?P<GE>)',
    '(?:<=)(?P<LE>)',
    '(?:!=)(?P<NE>)',
    '(?:\\^)(?P<CARET>)',
    '(?::)(?P<COLON>)',
    '(?:,)(?P<COMMA>)',
    '(?:=)(?P<EQUAL>)',
    '(?:>)(?P<GT>)',
    '(?:\\()(?P<LPAR>)',
    '(?:\\[)(?P<LSQB>)',
    '(?:<)(?P<LT>)',
    '(?:\\-)(?P<MINUS>)',
    '(?:\\+)(?P<PLUS>)',
    '(?:\\))(?P<RPAR>)',
    '(?:\\])(?P<RSQB>)',
    '(?:/)(?P<SLASH>)',
    '(?:\\*)(?P<STAR>)',
    '(?:[^\\W0-9]\\w*|[^\x00-\x7f])(?P<BAD_NAME>)',
    '(?:[^ \t\r\n])(?P<BAD_CHAR>)',
))
KEYWORD_KIND = "NAME"
KEYWORDS = {
    'and': 'AND',
    'else': 'ELSE',
    'for': 'FOR',
    'if': 'IF',
    'not': 'NOT',
    'or': 'OR',
    'then': 'THEN',
    'where': 'WHERE',
}
SYMBOLS = {
    'a': '$END',
    'b': 'AND',
    'c': 'BAD_CHAR',
    'd': 'BAD_DOTTED',
    'e': 'BAD_NAME',
    'f': 'BAD_NUMBER',
    'g': 'CARET',
    'h': 'COLON',
    'i': 'COMMA',
    'j': 'DOUBLESTAR',
    'k': 'ELSE',
    'l': 'EQ',
    'm': 'EQUAL',
    'n': 'FLOORDIV',
    'o': 'FOR',
    'p': 'GE',
    'q': 'GT',
    'r': 'IF',
    's': 'INTERPOLATION',
    't': 'LE',
    'u': 'LPAR',
    'v': 'LSQB',
    'w': 'LT',
    'x': 'MINUS',
    'y': 'NAME',
    'z': 'NE',
    'A': 'NOT',
    'B': 'NUMBER',
    'C': 'OR',
    'D': 'PLUS',
    'E': 'RPAR',
    'F': 'RSQB',
    'G': 'SLASH',
    'H': 'STAR',
    'I': 'THEN',
    'J': 'TIME',
    'K': 'WHERE',
    'L': '___bindings_star_0',
    'M': '__atom_star_8',
    'N': '__atom_star_9',
    'O': '__body_star_2',
    'P': '__both_star_4',
    'Q': '__comparison_star_5',
    'R': '__definition_star_1',
    'S': '__either_star_3',
    'T': '__product_star_7',
    'U': '__sum_star_6',
    'V': '_bindings',
    'W': '_comparator',
    'X': 'argument',
    'Y': 'atom',
    'Z': 'binding',
    '0': 'body',
    '1': 'both',
    '2': 'comparison',
    '3': 'definition',
    '4': 'either',
    '5': 'expr',
    '6': 'negation',
    '7': 'parameter',
    '8': 'part',
    '9': 'power',
    '!': 'product',
    '#': 'signed',
    '$': 'start',
    '%': 'sum',
}
PRODUCTIONS = """\
___bindings_star_0 2 plain -
___bindings_star_0 3 spliced -
__atom_star_8 2 plain -
__atom_star_8 3 spliced -
__atom_star_9 2 plain -
__atom_star_9 3 spliced -
__body_star_2 2 plain -
__body_star_2 3 spliced -
__both_star_4 2 plain -
__both_star_4 3 spliced -
__comparison_star_5 2 spliced -
__comparison_star_5 3 spliced -
__definition_star_1 2 plain -
__definition_star_1 3 spliced -
__either_star_3 2 plain -
__either_star_3 3 spliced -
__product_star_7 2 plain -
__product_star_7 3 spliced -
__sum_star_6 2 plain -
__sum_star_6 3 spliced -
_bindings 1 plain -
_bindings 2 plain -
_bindings 2 spliced -
_bindings 3 spliced -
_comparator 1 plain -
argument 1 plain argument
argument 3 plain argument
atom 1 plain bad
atom 1 plain interpolation
atom 1 plain name
atom 1 plain number
atom 1 plain time
atom 2 plain list
atom 3 plain call
atom 3 plain group
atom 3 plain list
atom 4 plain call
atom 4 plain list
atom 4 spliced list
atom 5 plain call
atom 5 spliced call
atom 5 spliced list
atom 6 spliced call
binding 3 plain binding
body 1 plain body
body 2 spliced body
both 1 plain ?both
both 2 spliced ?both
comparison 1 plain ?comparison
comparison 2 spliced ?comparison
definition 5 plain definition
definition 6 plain definition
definition 7 plain definition
definition 7 spliced definition
definition 8 spliced definition
either 1 plain ?either
either 2 spliced ?either
expr 1 plain ?expr
expr 5 plain choice
negation 1 plain ?negation
negation 2 plain ?negation
parameter 1 plain parameter
parameter 3 plain parameter
parameter 5 plain parameter
part 1 plain ?part
part 3 plain ?part
power 1 plain ?power
power 3 plain ?power
product 1 plain ?product
product 2 spliced ?product
signed 1 plain ?signed
signed 2 plain ?signed
start 1 plain start
start 3 spliced start
sum 1 plain ?sum
sum 2 spliced ?sum"""

ROWS = """\
y:2 3:3
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:18 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 $:28 %:29
u:30
a:3
abgijklnopqrtwxzCDEFGHIK:-28
abgijklnopqrtwxzCDEFGHIK:-28 u:31
abgijklnopqrtwxzCDEFGHIK:-28 u:32
abgijklnopqrtwxzCDEFGHIK:-28
abgijklnopqrtwxzCDEFGHIK:-29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:33 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 F:34 J:16 Y:17 1:19 2:20 4:21 5:35 6:23 9:25 !:26 #:27 %:29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:36
abgijklnopqrtwxzCDEFGHIK:-30 u:37
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 2:20 6:38 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-31
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:39
abgijklnopqrtwxzCDEFGHIK:-32
abiklnopqrtwxzCDEFGHIK:-67 g:40 j:41
a:-73 K:42
aikorEFIK:-56 C:43 S:44
abikorCEFIK:-60
aioEFIK:-58 r:45
aiEIK:-65 o:46
aikorCEFIK:-47 b:47 P:48
aiEK:-45 I:49 O:50
abiklnopqrtwxzCDEFGHIK:-71
abiklopqrtwzCEFIK:-75 x:51 D:52 U:53
abiklopqrtwxzCDEFIK:-69 n:54 G:55 H:56 T:57
a:28
abikorCEFIK:-49 l:58 p:59 q:60 t:61 w:62 z:63 Q:64 W:65
y:66 E:67 7:68
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:70 J:16 X:71 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:73 J:16 X:74 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
E:75
abgijklnopqrtwxzCDEFGHIK:-33
i:76 F:77 N:78
abiklnopqrtwxzCDEFGHIK:-72
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:79 J:16 X:80 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
abikorCEFIK:-61
abiklnopqrtwxzCDEFGHIK:-72
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:81
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:82
y:83 V:84 Z:85
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:86 2:20 6:23 9:25 !:26 #:27 %:29
aikorEFIK:-57 C:87
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:19 2:20 4:88 6:23 9:25 !:26 #:27 %:29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:19 2:20 4:21 5:89 6:23 9:25 !:26 #:27 %:29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 2:20 6:90 9:25 !:26 #:27 %:29
aikorCEFIK:-48 b:91
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:19 2:20 4:21 5:22 6:23 8:92 9:25 !:26 #:27 %:29
aiEK:-46 I:93
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 !:94 #:27
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 !:95 #:27
abiklopqrtwzCEFIK:-76 x:96 D:97
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:98
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:99
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:100
abiklopqrtwxzCDEFIK:-70 n:101 G:102 H:103
cdefsuvxyBDJ:-25
cdefsuvxyBDJ:-25
cdefsuvxyBDJ:-25
cdefsuvxyBDJ:-25
cdefsuvxyBDJ:-25
cdefsuvxyBDJ:-25
abikorCEFIK:-50 l:58 p:59 q:60 t:61 w:62 z:63 W:104
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 !:26 #:27 %:105
h:106 iE:-62 m:107
m:108
i:109 E:110 R:111
bgijlnopqrtwxzCDEGHI:-30 m:112 u:37
abgijklnopqrtwxzCDEFGHIK:-34
i:113 E:114 M:115
iE:-26
abgijklnopqrtwxzCDEFGHIK:-34
i:116 E:117 M:118
abgijklnopqrtwxzCDEFGHIK:-35
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 F:119 J:16 Y:17 1:19 2:20 4:21 5:120 6:23 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-36
i:121 F:122
abgijklnopqrtwxzCDEFGHIK:-34
i:123 E:124 M:125
abiklnopqrtwxzCDEFGHIK:-68
abiklnopqrtwxzCDEFGHIK:-68
m:126
a:-74
a:-21 i:127 L:128
aikorCEFIK:-15
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:129 2:20 6:23 9:25 !:26 #:27 %:29
k:130
aiEIK:-66
abikorCEFIK:-9
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 2:20 6:131 9:25 !:26 #:27 %:29
aiEIK:-7
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:19 2:20 4:21 5:22 6:23 8:132 9:25 !:26 #:27 %:29
abiklopqrtwxzCDEFIK:-19
abiklopqrtwxzCDEFIK:-19
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 !:133 #:27
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 !:134 #:27
abiklnopqrtwxzCDEFGHIK:-17
abiklnopqrtwxzCDEFGHIK:-17
abiklnopqrtwxzCDEFGHIK:-17
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:135
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:136
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 #:137
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 B:14 D:15 J:16 Y:17 9:25 !:26 #:27 %:138
abiklopqrtwzCEFIK:-11
y:139
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:19 2:20 4:21 5:140 6:23 9:25 !:26 #:27 %:29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:141 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
y:66 E:142 7:143
m:144
i:145 E:146
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:147 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:148 J:16 X:149 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-37
i:150 E:151
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:152 J:16 X:149 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-37
i:153 E:154
abgijklnopqrtwxzCDEFGHIK:-38
iF:-5
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 F:155 J:16 Y:17 1:19 2:20 4:21 5:156 6:23 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-39
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:157 J:16 X:149 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-37
i:158 E:159
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:160 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
a:-22 y:83 Z:161
a:-23 i:162
aikorCEFIK:-16
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:19 2:20 4:21 5:163 6:23 9:25 !:26 #:27 %:29
abikorCEFIK:-10
aiEIK:-8
abiklopqrtwxzCDEFIK:-20
abiklopqrtwxzCDEFIK:-20
abiklnopqrtwxzCDEFGHIK:-18
abiklnopqrtwxzCDEFGHIK:-18
abiklnopqrtwxzCDEFGHIK:-18
abiklopqrtwzCEFIK:-12
iE:-63 m:164
iE:-63
a:-51
m:165
iE:-13
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:166 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
y:66 E:167 7:168
m:169
iE:-27
abgijklnopqrtwxzCDEFGHIK:-40
iE:-3
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:170 J:16 X:171 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-41
abgijklnopqrtwxzCDEFGHIK:-40
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:172 J:16 X:171 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-41
abgijklnopqrtwxzCDEFGHIK:-42
iF:-6
abgijklnopqrtwxzCDEFGHIK:-40
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:69 A:13 B:14 D:15 E:173 J:16 X:171 Y:17 0:72 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-41
ai:-44
ai:-1
a:-24 y:83 Z:174
aioEFIK:-59
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 1:19 2:20 4:21 5:175 6:23 9:25 !:26 #:27 %:29
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:176 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
a:-52
m:177
iE:-14
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:178 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
abgijklnopqrtwxzCDEFGHIK:-43
iE:-4
abgijklnopqrtwxzCDEFGHIK:-43
abgijklnopqrtwxzCDEFGHIK:-43
ai:-2
iE:-64
a:-53
c:4 d:5 e:6 f:7 s:8 u:9 v:10 x:11 y:12 A:13 B:14 D:15 J:16 Y:17 0:179 1:19 2:20 4:21 5:22 6:23 8:24 9:25 !:26 #:27 %:29
a:-54
a:-55"""
