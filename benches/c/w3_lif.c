// W3 LIF + Ornstein-Uhlenbeck noise, Euler-Maruyama, threshold/reset/refractory (5 ms), spike list built each step. usage: w3_lif VARIANT n steps
//  c      : xoshiro256+ x8 lanes, Box-Muller with libmvec log/sin, plain loops (autovec update, scalar threshold)
//  c-best : AVX-512 intrinsics all through, one fused loop, compress-store spike list
//  c-norng: c-best without the random numbers (xi=const) - what the rest costs
#include "bench.h"
static uint64_t sm(uint64_t*x){uint64_t z=(*x+=0x9e3779b97f4a7c15ull);z=(z^(z>>30))*0xbf58476d1ce4e5b9ull;z=(z^(z>>27))*0x94d049bb133111ebull;return z^(z>>31);}
static uint64_t s0[8]__attribute__((aligned(64))),s1[8]__attribute__((aligned(64))),s2[8]__attribute__((aligned(64))),s3[8]__attribute__((aligned(64)));
static __attribute__((noinline)) void fill_u(long n,double*u){ // n multiple of 8
 for(long i=0;i<n;i+=8)for(int l=0;l<8;l++){uint64_t r=s0[l]+s3[l],t=s1[l]<<17;s2[l]^=s0[l];s3[l]^=s1[l];s1[l]^=s2[l];s0[l]^=s3[l];s2[l]^=t;s3[l]=(s3[l]<<45)|(s3[l]>>19);
  u[i+l]=(double)(int64_t)((r>>11)|1)*0x1p-53;}}
static __attribute__((noinline)) void box(long h,const double*u,double*xi){for(long i=0;i<h;i++){double r=sqrt(-2.0*log(u[i])),a=6.283185307179586*u[h+i];xi[i]=r*sin(a);xi[h+i]=r*sin(a+1.5707963267948966);}}
static __attribute__((noinline)) void upd(long n,double*v,const double*ls,const double*xi,double t,double ref,double dtau,double s){
 for(long i=0;i<n;i++){double nr=(t-ls[i])>=ref?1.0:0.0;v[i]+=nr*(-v[i]*dtau+s*xi[i]);}}
static __attribute__((noinline)) long thr(long n,double*v,double*ls,int*sp,double t,double ref){long k=0;for(long i=0;i<n;i++)if(v[i]>1.0&&(t-ls[i])>=ref){sp[k++]=i;ls[i]=t;}for(long j=0;j<k;j++)v[sp[j]]=0;return k;}
#ifdef __AVX512F__
static inline __attribute__((always_inline)) vd nextu(vi*a,vi*b,vi*c,vi*d){vi r=_mm512_add_epi64(*a,*d),t=_mm512_slli_epi64(*b,17);*c^=*a;*d^=*b;*b^=*c;*a^=*d;*c^=t;*d=_mm512_rol_epi64(*d,45);
 return _mm512_cvtepi64_pd(_mm512_or_si512(_mm512_srli_epi64(r,11),_mm512_set1_epi64(1)))*S(0x1p-53);}
static __attribute__((noinline)) long best(long n,double*v,double*ls,int*sp,double t,double ref,double dtau,double s,int rng){long k=0;
 vi a=_mm512_load_si512(s0),b=_mm512_load_si512(s1),c=_mm512_load_si512(s2),d=_mm512_load_si512(s3);vd T=S(t),R=S(ref),DT=S(dtau),SS=S(s);__m256i id=_mm256_setr_epi32(0,1,2,3,4,5,6,7);
 for(long i=0;i<n;i+=16){vd x0=SS,x1=SS;
  if(rng){vd u=nextu(&a,&b,&c,&d),w=nextu(&a,&b,&c,&d);vd r=_mm512_sqrt_pd(S(-2.)*log8(u))*SS,si,co;sincos2pi8(w,&si,&co);x0=r*si;x1=r*co;}
  #define ONE(o,x){vd V=_mm512_load_pd(v+i+o),L=_mm512_load_pd(ls+i+o);__mmask8 nr=_mm512_cmp_pd_mask(T-L,R,_CMP_GE_OQ);V=_mm512_mask_add_pd(V,nr,_mm512_fnmadd_pd(V,DT,V),x);\
   __mmask8 q=_mm512_mask_cmp_pd_mask(nr,V,S(1.),_CMP_GT_OQ);V=_mm512_maskz_mov_pd(_knot_mask8(q),V);_mm512_store_pd(v+i+o,V);\
   if(q){_mm512_mask_store_pd(ls+i+o,q,T);_mm256_mask_compressstoreu_epi32(sp+k,q,_mm256_add_epi32(id,_mm256_set1_epi32(i+o)));k+=__builtin_popcount(q);}}
  ONE(0,x0)ONE(8,x1)}
 _mm512_store_si512(s0,a);_mm512_store_si512(s1,b);_mm512_store_si512(s2,c);_mm512_store_si512(s3,d);return k;}
#else
static long best(long n,double*v,double*ls,int*sp,double t,double ref,double dtau,double s,int rng){fprintf(stderr,"needs AVX-512\n");exit(1);}
#endif
int main(int c,char**a){const char*var=c>1?a[1]:"c";long n=c>2?atol(a[2]):10000,steps=c>3?atol(a[3]):10000;long np=(n+15)&~15L;
 double*v=al(8*np),*ls=al(8*np),*u=al(8*np),*xi=al(8*np);int*sp=al(4*np+64);uint64_t z=42;for(int l=0;l<8;l++){s0[l]=sm(&z);s1[l]=sm(&z);s2[l]=sm(&z);s3[l]=sm(&z);}
 double dt=1e-4,tau=10e-3,sigma=.5,ref=5e-3-1e-9;for(long i=0;i<np;i++)ls[i]=-1e9;long ns=0;int m=!strcmp(var,"c")?0:!strcmp(var,"c-best")?1:2;
 double s=sigma*sqrt(2/tau)*sqrt(dt),t0=now();
 for(long k=0;k<steps;k++){double t=k*dt;if(m==0){fill_u(np,u);box(np/2,u,xi);upd(n,v,ls,xi,t,ref,dt/tau,s);ns+=thr(n,v,ls,sp,t,ref);}else ns+=best(np,v,ls,sp,t,ref,dt/tau,m==1?s:s*.01,m==1);}
 double e=now(),q=0,mu=0;for(long i=0;i<n;i++){q+=v[i]*v[i];mu+=v[i];}char note[128];sprintf(note,"rate=%.3fHz mean=%.4f var=%.4f",ns/(double)n/(steps*dt),mu/n,q/n);report("W3",var,n,steps,e-t0,note);}
